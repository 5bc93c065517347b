internal import Core
internal import GitKit
internal import Store

/// Finds pushes that went around a gate: `--no-verify`, a hook that is gone, a gate that could not be asked.
///
/// That is everybody's right; the journal says that it was used.
public struct GateAudit: Sendable {
    let context: FleetContext

    public init(context: FleetContext) { self.context = context }

    /// A push that no gate let through.
    public struct Bypass: Sendable, Equatable {
        public var remote: String
        public var branch: String
        public var commit: String
    }

    /// What one look went by; while nothing of it changes there is nothing new to find.
    public struct Sight: Equatable, Sendable {
        fileprivate var logs: PushLogs
        fileprivate var gates: [Gate]
    }

    private static let watched = "gate/watched/"
    private static let bypassed = "gate/bypassed/"

    /// Since when each gate is watched, by its branch; pushes from before are nobody's business.
    ///
    /// A gate is watched from the first call on that knows it.
    func begin(_ gates: [Gate]) async throws -> [String: Timestamp] {
        let now = context.surroundings.now()
        var since: [String: Timestamp] = [:]
        for entry in try await context.store.journal(keyedWith: Self.watched) {
            since[String((entry.draft.key ?? "").dropFirst(Self.watched.count))] = entry.at
        }
        for gate in gates where since[gate.branch] == nil {
            let draft = JournalDraft(
                subject: .mainCheckout, kind: .gateWatched, source: "git",
                payload: ["branch": .string(gate.branch)], key: Self.watched + gate.branch)
            _ = try await context.store.emit(draft, at: now)
            since[gate.branch] = now
        }
        return since
    }

    /// Writes down every bypass that is not in the journal yet, and returns those; `sight` is what the last look gave.
    public func run(after sight: inout Sight?) async throws -> [Bypass] {
        guard let gates = try await context.policyOfGates()?.policy.gates, !gates.isEmpty else { return [] }
        let current = Sight(logs: await context.repository.pushLogs(), gates: gates)
        guard current != sight else { return [] }
        let since = try await begin(gates)
        let policy = Policy(pipelines: [], gates: gates)
        let tips = Dictionary(grouping: try await context.repository.branches(), by: \.commit)
        let known = Set(
            try await context.store.journal(keyedWith: Self.bypassed).compactMap(\.draft.key))
        var found: [Bypass] = []
        for push in try await context.repository.recordedPushes() {
            let key = "\(Self.bypassed)\(push.commit)/\(push.remote)/\(push.branch)"
            guard !known.contains(key) else { continue }
            let stood = policy.gates(for: reference(of: push, tips, policy)).contains { gate in
                // Logs hold whole seconds.
                since[gate.branch].map { push.at.milliseconds / 1000 >= $0.milliseconds / 1000 } ?? false
            }
            guard stood, try await !isRecorded(push) else { continue }
            let draft = JournalDraft(
                subject: .mainCheckout, kind: .gateBypassed, source: "git",
                payload: [
                    "remote": .string(push.remote), "branch": .string(push.branch),
                    "commit": .string(push.commit.rawValue),
                    "why": "no gate let this push through: --no-verify, or no gate could be asked",
                ], key: key)
            guard try await context.store.emit(draft, at: context.surroundings.now()).isNew else { continue }
            found.append(
                Bypass(remote: push.remote, branch: push.branch, commit: push.commit.rawValue))
        }
        sight = current
        return found
    }

    /// The push as its hook would have been told of it.
    ///
    /// A log does not say which branch was pushed under another name: it is taken for a gated one only when no other is at
    /// that commit.
    private func reference(
        of push: RecordedPush, _ tips: [CommitID: [LocalBranch]], _ policy: Policy
    ) -> PushedReference {
        func reference(from branch: String) -> PushedReference {
            PushedReference(
                local: "refs/heads/\(branch)", commit: push.commit.rawValue,
                remote: "refs/heads/\(push.branch)", remoteCommit: nil)
        }
        let sources = (tips[push.commit] ?? []).map(\.name.rawValue)
        let isGated = sources.allSatisfy { name in policy.gates.contains { $0.applies(toBranch: name) } }
        return reference(from: isGated ? sources.first ?? push.branch : push.branch)
    }

    private func isRecorded(_ push: RecordedPush) async throws -> Bool {
        let key = GateKeeper.passKey(
            remote: push.remote, branch: push.branch, commit: push.commit.rawValue)
        return try await !context.store.journal(keyedWith: key).filter { $0.draft.key == key }.isEmpty
    }
}
