public import Core
internal import Store

/// An approval with what a person calls it by.
public struct ApprovalQuestion: Sendable, Equatable {
    public var approval: Approval
    /// The agent's branch; nil for the main checkout and for panes that were not spawned here.
    public var branch: String?

    public init(_ approval: Approval, branch: String?) {
        self.approval = approval
        self.branch = branch
    }

    /// The pane that was not spawned here, as `host:%3`.
    public var pane: String? {
        if case .pane(let pane) = approval.subject { "\(pane.host):\(pane.pane)" } else { nil }
    }

    /// The agent's branch, the pane, or `main checkout`.
    public var place: String { branch ?? pane ?? "main checkout" }

    /// One line for a list of candidates.
    var label: String {
        [approval.id.rawValue, branch ?? pane, "\(approval.pipeline)/\(approval.stage)"].compactMap(\.self)
            .joined(separator: " ")
    }

    /// The one of `open` that `text` means.
    ///
    /// An id's beginning comes before branch and stage names, so that a script's prefix keeps its meaning when a
    /// branch of that name appears; it has at least ``fewestLetters`` behind the prefix, for an answer is for good.
    /// `onlyByID`: names mean nothing.
    static func find(
        _ text: String, among open: [ApprovalQuestion], onlyByID: Bool = false
    ) throws(ApprovalsError) -> ApprovalQuestion {
        let byID: [(ApprovalQuestion) -> Bool] = [
            { $0.approval.id.rawValue == text },
            { $0.hasID(beginningWith: text) },
        ]
        let byName: [(ApprovalQuestion) -> Bool] = [
            { $0.branch == text || $0.pane == text || $0.pane?.hasSuffix(":\(text)") == true },
            { $0.approval.stage == text || "\($0.approval.pipeline)/\($0.approval.stage)" == text },
        ]
        for rule in onlyByID ? byID : byID + byName {
            let found = open.filter(rule)
            if found.count > 1 { throw .ambiguous(text: text, candidates: found.map(\.label)) }
            if let only = found.first { return only }
        }
        let names = open.flatMap {
            [$0.approval.id.rawValue, $0.branch ?? $0.pane, $0.approval.stage].compactMap(\.self)
        }
        throw .notFound(text: text, similar: nearest(to: text, among: Array(Set(names))))
    }

    /// Of an id's beginning.
    static let fewestLetters = 3

    /// The part behind the id's prefix may be named without it.
    private func hasID(beginningWith text: String) -> Bool {
        let id = approval.id.rawValue
        let prefix = id.prefix { $0 != "-" }.count + 1
        if id.hasPrefix(text) { return text.count >= prefix + Self.fewestLetters }
        return text.count >= Self.fewestLetters && id.dropFirst(prefix).hasPrefix(text)
    }
}
