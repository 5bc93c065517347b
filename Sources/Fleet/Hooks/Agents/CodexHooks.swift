internal import Config
internal import Core

/// Our entries in Codex's `config.toml`: `notify`, and hooks in a marked block at its end.
///
/// Only one program can be named by `notify`. One that stands there already is called by ours afterwards, with the same
/// argument.
struct CodexHooks: AgentHookSettings {
    let program: String
    let command: String

    init(program: String) {
        self.program = program
        command = AgentHookCommand.line(program: program, agent: "codex")
    }

    static let emptyFile = ""

    private static let opening = "# tmux-agent begin"
    private static let closing = "# tmux-agent end"
    private static let events = ["UserPromptSubmit", "PermissionRequest", "Stop"]

    func installed(in text: [UInt8]) throws -> [UInt8] {
        let old = String(decoding: try removed(from: text), as: UTF8.self)
        _ = try read(old)
        let notified = try withNotify(old)
        let whole = notified + hooksBlock(behind: notified)
        // Hooks that stand in the file in another form cannot be joined by ours; `notify` says the most important.
        let result = (try? read(whole)) != nil ? whole : notified
        _ = try read(result)
        return Array(result.utf8)
    }

    func removed(from text: [UInt8]) throws -> [UInt8] {
        var text = String(decoding: text, as: UTF8.self)
        while let start = text.firstRange(of: Self.opening + "\n"),
            let end = text[start.upperBound...].firstRange(of: Self.closing + "\n")
        {
            // Codex writes settings of its own behind our last line, before the mark.
            let foreign = text[start.upperBound..<end.lowerBound]
                .split(separator: "\n", omittingEmptySubsequences: false).drop { isOurs($0) }
            text.replaceSubrange(start.lowerBound..<end.upperBound, with: foreign.joined(separator: "\n"))
        }
        if let ours = ourPrefix(in: text) { text.removeSubrange(ours) }
        return Array(text.utf8)
    }

    private func isOurs(_ line: Substring) -> Bool {
        let tables = Self.events.flatMap { ["[[hooks.\($0)]]", "[[hooks.\($0).hooks]]"] }
        return line.isEmpty || tables.contains(String(line)) || line == "type = \"command\""
            || line == "timeout = 5"
            || line.hasPrefix("command = ") && line.contains(" hook codex")
            || line.hasPrefix("notify = [") && line.contains("\"hook\", \"codex\"")
    }

    func isInstalled(in text: [UInt8]) throws -> Bool {
        let text = String(decoding: text, as: UTF8.self)
        return text.contains(Self.opening + "\n") || ourPrefix(in: text) != nil
    }

    private func withNotify(_ text: String) throws -> String {
        let words = [program, "hook", "codex"].map(quoted)
        guard let entry = try read(text).entries?.first(where: { $0.key == "notify" }) else {
            let block = "\(Self.opening)\nnotify = [\(words.joined(separator: ", "))]\n\(Self.closing)\n"
            let mark = "\u{feff}"
            return text.hasPrefix(mark) ? mark + block + text.dropFirst() : block + text
        }
        guard let elements = entry.value.elements, let bracket = bracket(of: entry, in: text) else {
            throw Unfit(
                line: entry.value.position.line, column: entry.value.position.column,
                what: "'notify' must be a list of words")
        }
        // Without words there is nobody to call afterwards.
        let prefix = elements.isEmpty ? words : words + [quoted(Self.then)]
        var text = text
        text.insert(
            contentsOf: prefix.joined(separator: ", ") + (elements.isEmpty ? "" : ", "),
            at: text.index(after: bracket))
        return text
    }

    static let then = "--then"

    /// The bracket that opens the list of a key at the top of the file.
    private func bracket(of entry: DocumentEntry, in text: String) -> String.Index? {
        let lines = text.split(separator: "\n", omittingEmptySubsequences: false)
        guard lines.indices.contains(entry.keyPosition.line - 1) else { return nil }
        let line = lines[entry.keyPosition.line - 1]
        guard let equals = line.firstIndex(of: "=") else { return nil }
        return text[equals...].firstIndex(of: "[")
    }

    /// What we put before the words of somebody else's `notify`.
    private func ourPrefix(in text: String) -> Range<String.Index>? {
        guard let entry = (try? read(text))?.entries?.first(where: { $0.key == "notify" }),
            let words = entry.value.elements, words.count >= 3, words[1].text == "hook",
            words[2].text == "codex",
            let bracket = bracket(of: entry, in: text)
        else { return nil }
        let start = text.index(after: bracket)
        let mark = words.count > 3 ? "\(quoted(Self.then)), " : quoted("codex")
        guard let end = text[start...].firstRange(of: mark) else { return nil }
        return start..<end.upperBound
    }

    private func hooksBlock(behind text: String) -> String {
        var block = text.isEmpty || text.hasSuffix("\n") ? "" : "\n"
        block += "\(Self.opening)\n"
        for event in Self.events {
            block += """
                [[hooks.\(event)]]
                [[hooks.\(event).hooks]]
                type = "command"
                command = \(quoted(command))
                timeout = 5

                """
        }
        return block + "\(Self.closing)\n"
    }

    private func read(_ text: String) throws -> DocumentNode {
        try TOMLReader.read(bytes: Array(text.utf8), file: "config.toml")
    }

    /// A basic string: JSON's escapes are among TOML's.
    private func quoted(_ text: String) -> String { JSONValue.string(text).serialized() }
}
