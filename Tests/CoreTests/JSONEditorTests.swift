import Core
import Testing

/// Settings are changed in place, and what people wrote around them stays.
struct JSONEditorTests {
    static func edited(_ text: String, _ body: (inout JSONEditor) throws -> Void) throws -> String {
        var editor = try JSONEditor(Array(text.utf8))
        try body(&editor)
        return String(decoding: editor.bytes, as: UTF8.self)
    }

    static let added: [(before: String, after: String, back: String)] = [
        ("{}", "{\n  \"k\": [\n    1\n  ]\n}", "{}"),
        ("{\n}", "{\n  \"k\": [\n    1\n  ]\n}", "{}"),
        ("{\n\t\"a\": 1\n}\n", "{\n\t\"a\": 1,\n\t\"k\": [\n\t\t1\n\t]\n}\n", "{\n\t\"a\": 1\n}\n"),
        ("{\"a\":1}", "{\"a\":1,\"k\":[1]}", "{\"a\":1}"),
        (
            "{\n    \"a\": 1, // why\n}", "{\n    \"a\": 1, // why\n    \"k\": [\n        1\n    ]\n}",
            "{\n    \"a\": 1 // why\n}"
        ),
        (
            "{\n  \"a\": 1 // why\n}", "{\n  \"a\": 1, // why\n  \"k\": [\n    1\n  ]\n}",
            "{\n  \"a\": 1 // why\n}"
        ),
        (
            "{\r\n  \"a\": 1\r\n}", "{\r\n  \"a\": 1,\r\n  \"k\": [\r\n    1\r\n  ]\r\n}",
            "{\r\n  \"a\": 1\r\n}"
        ),
        (
            "{ /* nothing */ }", "{\n  \"k\": [\n    1\n  ]\n /* nothing */ }",
            "{\n  \n /* nothing */ }"
        ),
    ]

    @Test(arguments: 0..<added.count)
    func aMemberIsAddedAsTheTextIsWritten(_ number: Int) throws {
        let (before, after, back) = Self.added[number]
        let result = try Self.edited(before) { try $0.append([1], key: "k", to: $0.outline) }
        #expect(result == after)
        let removed = try Self.edited(result) { editor in
            let index = try #require(editor.outline.members?.firstIndex { $0.key == "k" })
            try editor.remove(index, of: editor.outline)
        }
        #expect(removed == back)
    }

    @Test func listsGrowAndShrinkAnywhere() throws {
        let text = "{\n  \"l\": [\n    {\"a\": 1}, // first\n    {\"b\": 2}\n  ]\n}"
        let grown = try Self.edited(text) { editor in
            try editor.append(["c": 3], to: try #require(editor.outline["l"]))
        }
        #expect(
            grown
                == "{\n  \"l\": [\n    {\"a\": 1}, // first\n    {\"b\": 2},\n    {\n      \"c\": 3\n    }\n  ]\n}"
        )
        let back = try Self.edited(grown) { editor in
            try editor.remove(2, of: try #require(editor.outline["l"]))
        }
        #expect(back == text)
        let first = try Self.edited(text) { editor in
            try editor.remove(0, of: try #require(editor.outline["l"]))
        }
        #expect(first == "{\n  \"l\": [\n     // first\n    {\"b\": 2}\n  ]\n}")
    }

    @Test(arguments: [
        "", "{", "{\"a\"}", "{a: 1}", "{\"a\": 1 \"b\": 2}", "[1 2]", "{\"a\": nul}", "{} {}", "{/* open",
        "{\"a\": \"x}",
        "{\"a\": 1}}", "{\"a\": --1}",
    ])
    func whatIsNoJSONIsRefused(_ text: String) {
        #expect(throws: JSONError.self) { try JSONOutline.read(Array(text.utf8)) }
    }

    /// Every damaged form of a settings file is refused or read, and nothing crashes.
    @Test func damagedTextsAreReadOrRefused() {
        let text = Array(
            "{\"hooks\": {\"Stop\": [{\"hooks\": [{\"type\": \"command\", \"x\": \"a\\\"b\"}]}]}, // c\n \"n\": -1.5e3,}"
                .utf8)
        for cut in text.indices {
            _ = try? JSONOutline.read(Array(text[..<cut]))
            var damaged = text
            damaged.remove(at: cut)
            guard var editor = try? JSONEditor(damaged), editor.outline.members != nil else { continue }
            #expect(throws: Never.self) { try editor.append([1], key: "k", to: editor.outline) }
        }
    }
}
