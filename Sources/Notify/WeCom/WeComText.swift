internal import Core

/// Texts in the form and length that WeCom takes.
enum WeComText {
    /// Bytes of a Markdown message.
    static let mostBytes = 4096

    /// `**title**`, an empty line, the body; links stay whole whatever is cut.
    static func markdown(_ notice: OutgoingNotice) -> String {
        let head = "**\(tame(notice.title))**"
        var tail = ""
        if let links = notice.links { tail += "\n\n[Approve](\(links.approve))  [Reject](\(links.reject))" }
        if !notice.hints.isEmpty { tail += "\n" + tame(notice.hints.joined(separator: "\n")) }
        // Links that leave no room for words help nobody.
        if tail.utf8.count > mostBytes / 2 { tail = "" }
        let body = notice.body.isEmpty ? "" : "\n\n" + tame(notice.body)
        return cut(head + body, bytes: mostBytes - tail.utf8.count) + tail
    }

    /// At most so many bytes, cut between characters, with `…` where something is missing.
    static func cut(_ text: String, bytes limit: Int) -> String {
        guard text.utf8.count > limit else { return text }
        let mark = "…"
        guard limit >= mark.utf8.count else { return "" }
        var kept = ""
        var count = mark.utf8.count
        for character in text {
            count += character.utf8.count
            if count > limit { break }
            kept.append(character)
        }
        return kept + mark
    }

    /// `<@all>` would call everybody: who is called is not for a message's text to say.
    private static func tame(_ text: String) -> String { text.replacing("<@", with: "< @") }
}
