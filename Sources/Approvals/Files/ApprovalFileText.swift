internal import Core

/// What an approval file says: making it and reading it, without touching a disk.
enum ApprovalFileText {
    /// What the last line that is no comment means.
    enum Verdict: Equatable {
        case pending
        case answer(ApprovalAnswer.Decision)
        /// Something else; `isToldSo` when the file says already that it was not understood.
        case unknown(String, isToldSo: Bool)
    }

    static let words: [(String, ApprovalAnswer.Decision)] = [
        ("approve", .approve), ("approved", .approve), ("yes", .approve),
        ("reject", .reject), ("rejected", .reject), ("no", .reject),
    ]
    private static let pendingWord = "PENDING"
    private static let idHeader = "# approval: "
    private static let placeHeader = "# file: "
    private static let complaint = "# tmux-agent: "

    /// A file that waits for an answer; every line of foreign text is a comment.
    static func request(_ question: ApprovalQuestion, place: ApprovalFilePlace?) -> String {
        let approval = question.approval
        var lines = [idHeader + approval.id.rawValue.visible]
        if let place { lines.append(placeHeader + place.description) }
        if let branch = question.branch { lines.append("# branch: " + branch.visible) }
        lines.append("# pipeline: " + approval.pipeline.visible)
        lines.append("# stage: " + approval.stage.visible + ", attempt \(approval.attempt)")
        if let expiry = approval.expiresAt { lines.append("# expires: " + expiry.iso8601) }
        lines.append("#")
        lines += approval.question.split(omittingEmptySubsequences: false, whereSeparator: \.isNewline)
            .map { "# | " + $0.visible }
        lines += [
            "#", "# Write approve or reject on a line of its own at the end of this file and save it.",
            pendingWord, "",
        ]
        return lines.joined(separator: "\n")
    }

    /// The approval that a file asks about; nil when it does not say, as after `echo approve > file`.
    static func approval(in text: String) -> ApprovalID? {
        header(idHeader, in: text, line: 0).map { ApprovalID($0) }
    }

    /// Where the question also stands, as the file itself says.
    static func place(in text: String) -> String? { header(placeHeader, in: text, line: 1) }

    static func verdict(in text: String) -> Verdict {
        let lines = lines(of: text)
        guard let last = lines.lastIndex(where: { !$0.isEmpty && !$0.hasPrefix("#") }) else {
            return .pending
        }
        let line = lines[last]
        if line == pendingWord { return .pending }
        let folded = line.lowercased()
        if let word = words.first(where: { $0.0 == folded }) { return .answer(word.1) }
        // A line without its end may still be being written.
        guard last < lines.count - 1 else { return .pending }
        let isToldSo = lines[(last + 1)...].contains { $0.hasPrefix(complaint) }
        return .unknown(String(line), isToldSo: isToldSo)
    }

    /// The comment that a file gets when its last line is none of the words.
    static func complaint(about line: String) -> String {
        let list = words.map(\.0).joined(separator: ", ")
        return "\(complaint)'\(line.prefix(60).visible)' is not one of: \(list)\n"
    }

    private static func header(_ header: String, in text: String, line number: Int) -> String? {
        let lines = lines(of: text)
        guard number < lines.count, lines[number].hasPrefix(header) else { return nil }
        let value = lines[number].dropFirst(header.count)
        return value.isEmpty ? nil : String(value)
    }

    /// Lines without the blanks around them; CR LF ends a line as LF does.
    private static func lines(of text: String) -> [Substring] {
        text.split(omittingEmptySubsequences: false) { $0 == "\n" || $0 == "\r\n" }.map { line in
            let start = line.drop(while: \.isWhitespace)
            guard let end = start.lastIndex(where: { !$0.isWhitespace }) else { return "" }
            return start[...end]
        }
    }
}
