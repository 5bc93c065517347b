import Core
import Testing

struct JSONParserTests {
    @Test(arguments: [
        ("{}", "{}"), (" [1, -2.5e3 ,true,null] ", "[1,-2500.0,true,null]"),
        (#"{"a":"\u00e9\n\ud83d\ude00","b":{}}"#, #"{"a":"é\n😀","b":{}}"#),
        (#"{"a":1,"a":2}"#, #"{"a":2}"#), ("9223372036854775808", "9.223372036854776e+18"),
        (#""\ud800x""#, "\"\u{fffd}x\""),
    ])
    func validTextIsRead(_ text: String, _ expected: String) throws {
        #expect(try JSONValue.parse(text).serialized() == expected)
    }

    @Test(arguments: [
        ("", 0), ("{", 1), ("[1,]", 3), ("{a:1}", 1), ("01", 1), ("tru", 3), ("\"a\nb\"", 2), (#""\x""#, 1),
        ("1 2", 2), ("{\"a\":1,}", 7), ("-", 1), ("1.", 2), ("1e+", 3), ("nul]", 3),
    ])
    func faultsNameTheirByte(_ text: String, _ offset: Int) {
        let error = #expect(throws: JSONError.self) { try JSONValue.parse(text) }
        switch error {
        case .unexpected(let at, _), .unexpectedEnd(let at): #expect(at == offset)
        default: Issue.record("another error: \(String(describing: error))")
        }
    }

    @Test func depthAndSizeAreLimited() throws {
        let deep = String(repeating: "[", count: 64) + String(repeating: "]", count: 64)
        #expect(throws: Never.self) { try JSONValue.parse(deep) }
        #expect(throws: JSONError.tooDeep(offset: 64, limit: 64)) { try JSONValue.parse("[\(deep)]") }
        #expect(throws: JSONError.tooLarge(bytes: 5, limit: 4)) {
            try JSONValue.parse("12345", limits: .init(bytes: 4))
        }
    }

    @Test(arguments: [
        (#"{"note":"a quote " too"}"#, "a quote \" too"), (#"{"note":"say "hi""}"#, "say \"hi\""),
        (#"{"note":"path C:\Users\me"}"#, #"path C:\Users\me"#), (#"{"note":"a}" b"}"#, "a}\" b"),
    ])
    func eatenBackslashesAreMended(_ text: String, _ note: String) throws {
        var parser = JSONParser(Array(text.utf8), mode: .repairing)
        #expect(try parser.value()["note"]?.string == note)
    }
}

struct PatternTests {
    @Test func searchesLikePython() throws {
        #expect(try Pattern("(?i)ERROR").matches("an error here"))
        #expect(try Pattern(#"^(?P<n>\d+) problems?$"#).capture(1, in: "12 problems") == "12")
        #expect(try Pattern("é").search("aé") == .match(1..<3))
        #expect(try Pattern("x*").search("") == .match(0..<0))
        #expect(try !Pattern("^b").matches("a\nb"))
    }

    @Test func invalidExpressionNamesTheByte() {
        #expect {
            try Pattern("a(b")
        } throws: { error in
            guard case .invalid(_, let offset, let reason) = error as? PatternError else { return false }
            return offset == 3 && reason.contains("parenthes")
        }
    }

    @Test func explodingSearchEndsAtItsLimit() throws {
        let text = String(repeating: "a", count: 40) + "b"
        #expect(try Pattern("(a+)+$").search(text) == .limitExceeded)
        #expect(try !Pattern("(a+)+$").matches(text))
    }
}

struct TextTests {
    @Test(arguments: [
        ("plain é 中", "plain é 中"), ("a\u{1b}[31mb", "a\\e[31mb"), ("x\u{202e}y", "x\\u{202e}y"),
        ("a\nb\t\u{200b}", "a\\nb\\t\\u{200b}"), ("👨‍👩‍👧", "👨‍👩‍👧"),
    ])
    func dangerousCharactersAreWrittenOut(_ text: String, _ expected: String) {
        #expect(text.visible == expected)
    }

    @Test(arguments: [("abc", 3), ("中文", 4), ("e\u{301}", 1), ("👍", 2), ("｡", 1), ("Ａ", 2)])
    func widthCountsColumns(_ text: String, _ width: Int) { #expect(text.displayWidth == width) }

    @Test func paddingAlignsWideText() {
        #expect("中文".padded(toColumns: 6) == "中文  ")
        #expect("中文字".padded(toColumns: 5) == "中文…")
        #expect("中文字".padded(toColumns: 4) == "中… ")
    }

    @Test(arguments: [("spwan", "spawn"), ("sesions", "sessions"), ("xyz", nil)])
    func nearestWordIsSuggested(_ word: String, _ expected: String?) {
        #expect(didYouMean(word, among: ["spawn", "sessions", "rm"]) == expected)
    }
}
