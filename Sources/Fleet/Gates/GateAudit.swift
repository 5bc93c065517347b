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

    private static let beginning = "gate/watched"

    /// From the first call on pushes are looked at; those from before are nobody's business.
    public func begin() async throws {
        let draft = JournalDraft(
            subject: .mainCheckout, kind: .gateWatched, source: "git", key: Self.beginning)
        _ = try await context.store.emit(draft, at: context.surroundings.now())
    }

    /// Writes down every bypass that is not in the journal yet, and returns those.
    public func run() async throws -> [Bypass] {
        guard let policy = try await context.policyOfGates()?.policy, !policy.gates.isEmpty else { return [] }
        try await begin()
        guard let start = try await context.store.journal(keyedWith: Self.beginning).first?.at else {
            return []
        }
        var found: [Bypass] = []
        // Logs hold whole seconds.
        for push in try await context.repository.recordedPushes()
        where push.at.milliseconds / 1000 >= start.milliseconds / 1000 {
            let reference = PushedReference(
                local: "refs/heads/\(push.branch)", commit: push.commit.rawValue,
                remote: "refs/heads/\(push.branch)", remoteCommit: nil)
            guard !policy.gates(for: reference).isEmpty, try await !isRecorded(push) else { continue }
            let draft = JournalDraft(
                subject: .mainCheckout, kind: .gateBypassed, source: "git",
                payload: [
                    "remote": .string(push.remote), "branch": .string(push.branch),
                    "commit": .string(push.commit.rawValue),
                    "why": "no gate let this push through: --no-verify, or no gate could be asked",
                ],
                key: "gate/bypassed/\(push.commit)/\(push.remote)/\(push.branch)")
            guard try await context.store.emit(draft, at: context.surroundings.now()).isNew else { continue }
            found.append(
                Bypass(remote: push.remote, branch: push.branch, commit: push.commit.rawValue))
        }
        return found
    }

    private func isRecorded(_ push: RecordedPush) async throws -> Bool {
        let key = GateKeeper.passKey(
            remote: push.remote, branch: push.branch, commit: push.commit.rawValue)
        return try await !context.store.journal(keyedWith: key).filter { $0.draft.key == key }.isEmpty
    }
}
