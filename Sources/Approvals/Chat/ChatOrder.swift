internal import Core

/// A message to the bot, understood.
enum ChatOrder: Equatable {
    case decide(ApprovalAnswer.Decision, id: String, reason: String?)
    case list
    case help
    /// A decision without what it is about.
    case incomplete(String)
    case unknown(String)

    static let usage = "/approve ID [reason] · /reject ID [reason] · /approvals"

    private static let approving = ["approve", "yes", "ok", "同意", "批准"]
    private static let rejecting = ["reject", "no", "拒绝", "驳回"]
    private static let listing = ["approvals", "list", "待批"]

    /// The longest message that is looked at.
    static let mostCharacters = 4000

    /// The first words count; the bot's `@name`, which groups need to call it, does not, before them or behind the verb.
    init(_ text: String) {
        var words = text.prefix(Self.mostCharacters).split(whereSeparator: \.isWhitespace)[...]
        while words.first?.hasPrefix("@") == true { words.removeFirst() }
        guard let first = words.popFirst() else {
            self = .help
            return
        }
        let verb = first.drop { $0 == "/" }.prefix { $0 != "@" }.lowercased()
        let decision: ApprovalAnswer.Decision? =
            Self.approving.contains(verb) ? .approve : Self.rejecting.contains(verb) ? .reject : nil
        guard let decision else {
            self =
                Self.listing.contains(verb)
                ? .list
                : ["help", "start", ""].contains(verb)
                    ? .help : .unknown(String(String(first).visible.prefix(40)))
            return
        }
        guard let id = words.popFirst() else {
            self = .incomplete(decision.rawValue)
            return
        }
        let reason = words.joined(separator: " ")
        self = .decide(decision, id: String(id), reason: reason.isEmpty ? nil : reason)
    }
}
