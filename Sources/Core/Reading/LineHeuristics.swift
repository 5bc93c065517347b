/// The classic reading of lines without a marker's word: a whole line of JSON, and words that say how something ended.
///
/// On for panes that were not spawned here; in a fleet only with `[watch] heuristics`.
public enum LineHeuristics {
    private static let failures: Set = ["error", "failed", "exception"]
    private static let successes: Set = ["done", "success", "passed", "completed"]
    /// In front of a word that says that there was none of it.
    private static let none: Set = ["0", "no", "without", "zero"]
    private static let negations: Set = ["not", "never", "isn't", "wasn't"]
    /// Longer lines are output of programs, not sentences.
    private static let longest = 2000

    /// What a logical line says; nil for most lines, and for those that hold a marker's word.
    ///
    /// A line with words of both kinds is a failure.
    public static func marker(in line: String) -> Marker? {
        let text = String(line.trimmed)
        guard text.utf8.count <= MarkerReader.longestPayload, !MarkerReader.mentions(text) else { return nil }
        if text.utf8.first == UInt8(ascii: "{"), text.utf8.last == UInt8(ascii: "}"),
            let object = try? JSONValue.parse(text).object  // a line that only looks like JSON is like others
        {
            return Marker(payload: object)
        }
        guard text.utf8.count <= longest, !isTyped(text), let type = type(of: text) else { return nil }
        var payload: JSONObject = ["type": .string(type)]
        payload[type == "ERROR" ? "detail" : "summary"] = .string(String(text.prefix(300)))
        if type == "STATUS" { payload["ok"] = true }
        return Marker(payload: payload)
    }

    private static func type(of text: String) -> String? {
        let words = text.split { !$0.isLetter && !$0.isNumber && $0 != "_" && $0 != "'" && $0 != "-" }
            .map { $0.lowercased() }
        var type: String?
        for (index, word) in words.enumerated() {
            let before = index > 0 ? words[index - 1] : ""
            if failures.contains(word), !none.contains(before), !negations.contains(before) { return "ERROR" }
            if successes.contains(word), !none.contains(before), !negations.contains(before) {
                type = "STATUS"
            }
        }
        return type
    }

    /// True for a command line behind a shell's prompt.
    private static func isTyped(_ text: String) -> Bool {
        var before: Character?
        for (character, next) in zip(text, text.dropFirst()) {
            defer { before = character }
            guard next == " " else { continue }
            if "$❯›➜".contains(character) { return true }
            if character == "#", before == nil || before?.isWhitespace == false { return true }
            if character == ">", before == nil { return true }
            if character == "%", before?.isNumber != true { return true }
        }
        return false
    }
}
