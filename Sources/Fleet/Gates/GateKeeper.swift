public import Core
public import GitKit
internal import Store
internal import SystemPackage

/// How one gate stands for one commit.
public struct GateStanding: Sendable {
    public var gate: Gate
    /// The branch that is pushed to, or would be.
    public var branch: String
    public var commit: CommitID
    /// In the order of `require`.
    public var stages: [StageStanding]
    public var holds: Bool { stages.allSatisfy(\.holds) }
}

/// Judges gates, and keeps the record of what went through them and what went around.
public struct GateKeeper: Sendable {
    let context: FleetContext

    public init(context: FleetContext) { self.context = context }

    /// How every gate of a branch stands for its tip.
    public func standings(of branch: String, at commit: CommitID, in policy: Policy) async throws
        -> [GateStanding]
    {
        let pushed = PushedReference(
            local: "refs/heads/\(branch)", commit: commit.rawValue, remote: "refs/heads/\(branch)",
            remoteCommit: nil)
        return try await standings(of: pushed, at: commit, in: policy)
    }

    func standings(of pushed: PushedReference, at commit: CommitID, in policy: Policy) async throws
        -> [GateStanding]
    {
        let gates = policy.gates(for: pushed)
        guard !gates.isEmpty else { return [] }
        let runs = try await context.store.runs(at: commit.rawValue)
        var looks: [RunID: [WorktreeLook]] = [:]
        for run in runs { looks[run.id] = try await GateWitness.looks(of: run.id, in: context.store) }
        return gates.map { gate in
            GateStanding(
                gate: gate, branch: pushed.branch ?? "", commit: commit,
                stages: gate.require.map {
                    StageStanding.judge($0, commit: commit.rawValue, runs: runs, looks: looks)
                })
        }
    }

    /// What a push meets.
    public struct PushVerdict: Sendable {
        /// Gates of all references that hold, and that do not.
        public var passed: [GateStanding] = []
        public var refused: [GateStanding] = []
        public var advice: [GateAdvice] = []
        /// What else is to be said; nil for nothing.
        public var warning: String?
    }

    /// Decides about a push by what git tells its hook, one line for each reference, and writes the decision down.
    ///
    /// Nil when no gate stands in the way of anything. One reference that is refused refuses the push, as git pushes all
    /// or none of what it asked the hook about.
    public func judge(push lines: String, remote: String, address: String) async throws -> PushVerdict? {
        let references = lines.split(separator: "\n").compactMap { PushedReference(line: $0) }
        guard let found = try await context.policyOfGates(), !found.policy.gates.isEmpty else { return nil }
        let policy = found.policy
        _ = try await GateAudit(context: context).begin(policy.gates)
        var verdict = PushVerdict(warning: found.warning)
        var passed: [(PushedReference, [GateStanding])] = []
        for reference in references {
            guard let id = reference.commit, !policy.gates(for: reference).isEmpty else { continue }
            // An annotated tag can be pushed to a branch's name; what is no commit has no runs either.
            let commit = try await context.repository.resolve(id)
            let standings = try await standings(of: reference, at: commit, in: policy)
            verdict.passed += standings.filter(\.holds)
            verdict.refused += standings.filter { !$0.holds }
            passed.append((reference, standings))
        }
        guard !passed.isEmpty else { return nil }
        let isRefused = !verdict.refused.isEmpty
        // An address may hold a password; a remote that is only an address has no name.
        let name = remote == address ? nil : remote
        for (reference, standings) in passed {
            try await record(reference, standings, isRefused: isRefused, remote: name)
        }
        if isRefused { verdict.advice = try await GateAdvice.find(for: verdict.refused, policy, context) }
        return verdict
    }

    private func record(
        _ reference: PushedReference, _ standings: [GateStanding], isRefused: Bool, remote: String?
    ) async throws {
        guard let branch = reference.branch, let commit = reference.commit else { return }
        var payload: JSONObject = [
            "branch": .string(branch), "commit": .string(commit),
            "stages": .array(standings.flatMap(\.stages).map { .object($0.json) }),
        ]
        payload["remote"] = remote.map { .string($0) }
        let draft = JournalDraft(
            subject: .mainCheckout, kind: isRefused ? .gateRefused : .gatePassed, source: "git",
            payload: payload,
            key: isRefused ? nil : Self.passKey(remote: remote ?? "", branch: branch, commit: commit))
        _ = try await context.store.emit(draft, at: context.surroundings.now())
    }

    static func passKey(remote: String, branch: String, commit: String) -> String {
        "gate/passed/\(commit)/\(remote)/\(branch)"
    }
}

extension StageStanding {
    /// `stage`, `state` (`measured`, `reported`, `missing`), `why`, `run`.
    public var json: JSONObject {
        var object: JSONObject = ["stage": .string(stage), "state": .string(word)]
        object["why"] = why.map { .string($0) } ?? .null
        object["run"] = run.map { .string($0.id.rawValue) } ?? .null
        return object
    }

    public var word: String {
        switch state {
        case .measured: "measured"
        case .reported: "reported"
        case .missing: "missing"
        }
    }

    /// In words, why it is missing.
    public var why: String? {
        guard case .missing(let lack) = state else { return nil }
        switch lack {
        case .noRun: return "no run of this commit has it"
        case .notDone(let state, let reason):
            return state.rawValue + (reason.map { ": \($0)" } ?? "")
        case .failed(let reason): return "FAILED" + (reason.map { ": \($0)" } ?? "")
        case .unclean(let what): return "COMPLETED, but \(what)"
        case .unseen: return "COMPLETED, but nobody looked at the worktree"
        }
    }
}
