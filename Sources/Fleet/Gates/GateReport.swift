public import Core
internal import GitKit
internal import Store

/// How the gates stand for a branch, without a push.
public struct GateReport: Sendable {
    let context: FleetContext

    public init(context: FleetContext) { self.context = context }

    public struct Report: Sendable {
        public var branch: String
        public var commit: String
        public var standings: [GateStanding]
        public var advice: [GateAdvice]
        /// What else is to be said; nil for nothing.
        public var warning: String?
    }

    public struct Bypass: Sendable {
        public var at: Timestamp
        public var remote: String
        public var branch: String
        public var commit: String
    }

    /// Nil means the branch of the checkout that the surroundings' folder is in.
    ///
    /// Throws ``GitError/branchNotFound(_:)`` for a branch that does not exist, and for a detached HEAD
    /// ``FleetError/noBranchHere``.
    public func report(of name: String?) async throws -> Report {
        let wanted: String
        if let name { wanted = name } else { wanted = try await currentBranch() }
        let branch = try BranchName(wanted)
        guard let commit = try await context.repository.branches().first(where: { $0.name == branch })?.commit
        else { throw GitError.branchNotFound(branch) }
        guard let found = try await context.policyOfGates() else {
            return Report(branch: branch.rawValue, commit: commit.rawValue, standings: [], advice: [])
        }
        let policy = found.policy
        let standings = try await GateKeeper(context: context)
            .standings(of: branch.rawValue, at: commit, in: policy)
        let advice = try await GateAdvice.find(for: standings.filter { !$0.holds }, policy, context)
        return Report(
            branch: branch.rawValue, commit: commit.rawValue, standings: standings,
            advice: standings.allSatisfy(\.holds) ? [] : advice, warning: found.warning)
    }

    /// Pushes to `branch`, or to any, that went around a gate, the oldest first; looks for new ones before.
    public func bypasses(of branch: String?) async throws -> [Bypass] {
        var nothing: GateAudit.Sight?
        _ = try await GateAudit(context: context).run(after: &nothing)
        return try await context.store.journal(after: 0, kinds: [.gateBypassed], limit: 10_000).map { entry in
            Bypass(
                at: entry.at, remote: entry.payload["remote"]?.string ?? "",
                branch: entry.payload["branch"]?.string ?? "", commit: entry.payload["commit"]?.string ?? "")
        }.filter { branch == nil || $0.branch == branch }
    }

    private func currentBranch() async throws -> String {
        // The fleet's repository is seen from the main checkout; the question is about where the caller is.
        let here = try await FleetContext.openRepository(context.surroundings)
        guard let branch = try await here.head().branch else { throw FleetError.noBranchHere }
        return branch.rawValue
    }
}
