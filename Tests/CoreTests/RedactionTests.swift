import Core
import Testing

@Suite("Secrets in texts for people")
struct RedactionTests {
    private let redaction = Redaction(["hunter2-key", "hunter2-key/long er", "short", "naïve\"quote"])

    @Test(arguments: [
        ("nothing here", "nothing here"),
        ("a hunter2-key b", "a [redacted] b"),
        // The longer secret goes first: no part of it is left.
        ("hunter2-key/long er!", "[redacted]!"),
        ("GET /x?v=hunter2-key%2Flong%20er HTTP", "GET /x?v=[redacted] HTTP"),
        ("{\"a\":\"naïve\\\"quote\"}", "{\"a\":\"[redacted]\"}"),
        ("short words stay", "short words stay"),
        ("hunter2-keyhunter2-key", "[redacted][redacted]"),
    ])
    func everyFormOfASecretIsHidden(text: String, expected: String) { #expect(redaction(text) == expected) }

    @Test(arguments: [
        ("https://h/x?key=abc&b=1", "https://h/x?key=[redacted]&b=1"),
        (
            "see https://h/g?corpsecret=abc&corpid=w and go",
            "see https://h/g?corpsecret=[redacted]&corpid=w and go"
        ),
        ("(https://h/s?access_token=tok)", "(https://h/s?access_token=[redacted])"),
        ("https://me:pass@host/x", "https://[redacted]@host/x"),
        ("https://host/x", "https://host/x"),
        ("https://user@host/x", "https://user@host/x"),
        ("monkey=5 sort_key=name", "monkey=5 sort_key=name"), ("2key=a, key=b", "2key=a, key=[redacted]"),
        ("https://h/x?api_key=abc", "https://h/x?api_key=[redacted]"),
        ("key=", "key="), ("key=[redacted]", "key=[redacted]"),
        ("a://b key=1 key=2 token=3", "a://b key=[redacted] key=[redacted] token=[redacted]"),
    ])
    func addressesCarryNoSecretsOfAnybody(text: String, expected: String) {
        #expect(Redaction()(text) == expected)
    }

    @Test func linksThatAnswerAreHidden() {
        let token = String(repeating: "a", count: 40) + "." + String(repeating: "b", count: 43)
        #expect(
            Redaction()("https://fleet/a/\(token)/approve") == "https://fleet/a/[redacted]/approve")
        #expect(Redaction()("/a/b/c") == "/a/b/c")
    }

    @Test func hidingTwiceIsHidingOnce() {
        let text = "https://me:pass@host/x?key=hunter2-key&token=t"
        #expect(redaction(redaction(text)) == redaction(text))
    }
}
