/// One reference that a push is about to move, as git tells its pre-push hook.
public struct PushedReference: Sendable, Equatable {
    /// What was named here: a full reference, `HEAD`, or an expression such as `main~2`; `(delete)` for a deletion.
    public var local: String
    /// The object that the remote will get; nil: the reference is deleted there.
    public var commit: String?
    public var remote: String
    /// Nil: the remote has no such reference yet, as far as it said.
    public var remoteCommit: String?

    public init(local: String, commit: String?, remote: String, remoteCommit: String?) {
        self.local = local
        self.commit = commit
        self.remote = remote
        self.remoteCommit = remoteCommit
    }

    /// `<local> <id> <remote> <id>`, with an id of zeros for "nothing"; nil for anything else.
    public init?(line: some StringProtocol) {
        let parts = String(line).split(separator: " ", omittingEmptySubsequences: false).map(String.init)
        guard parts.count == 4, parts[2].hasPrefix("refs/"), let commit = Self.id(parts[1]),
            let remoteCommit = Self.id(parts[3])
        else { return nil }
        self.init(local: parts[0], commit: commit, remote: parts[2], remoteCommit: remoteCommit)
    }

    /// The remote's branch; nil for tags and other references.
    public var branch: String? { Self.branch(remote) }
    /// Our branch that was named; nil for `HEAD` and for expressions.
    public var localBranch: String? { Self.branch(local) }

    private static func branch(_ reference: String) -> String? {
        reference.hasPrefix("refs/heads/") ? String(reference.dropFirst(11)) : nil
    }

    /// `.some(nil)` for zeros, nil for what is no id.
    private static func id(_ text: String) -> String?? {
        guard [40, 64].contains(text.utf8.count), text.utf8.allSatisfy(isDigit) else { return nil }
        return .some(text.utf8.allSatisfy { $0 == UInt8(ascii: "0") } ? nil : text)
    }

    private static func isDigit(_ byte: UInt8) -> Bool {
        (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
            || (UInt8(ascii: "a")...UInt8(ascii: "f")).contains(byte)
    }
}

extension Policy {
    /// The gates that stand before a push of this reference: by its branch there, or by the branch here that it comes
    /// from.
    ///
    /// Deletions and tags pass no gate.
    public func gates(for pushed: PushedReference) -> [Gate] {
        guard pushed.commit != nil, let branch = pushed.branch else { return [] }
        return gates.filter { gate in
            gate.hook == "pre-push"
                && (gate.applies(toBranch: branch)
                    || pushed.localBranch.map(gate.applies(toBranch:)) ?? false)
        }
    }

    /// Whether a gate asks for a stage of this pipeline: then its runs are witnessed.
    public func isGated(_ pipeline: String) -> Bool {
        guard let stages = self.pipeline(named: pipeline)?.stages.map(\.name) else { return false }
        return gates.contains { gate in gate.require.contains(where: stages.contains) }
    }
}
