public import Core

/// Which rows of the journal somebody looks for.
public struct JournalFilter: Sendable {
    /// Kinds by patterns such as `agent.*`.
    public enum Kinds: Sendable {
        case only([String])
        case allBut([String])
    }

    /// Nil: whatever it is about.
    public var subjects: [Subject]?
    /// Nil: of whatever kind.
    public var kinds: Kinds?

    public init(subjects: [Subject]? = nil, kinds: Kinds? = nil) {
        self.subjects = subjects
        self.kinds = kinds
    }
}
