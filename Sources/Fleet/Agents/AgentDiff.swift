internal import Core
public import GitKit
internal import Store
public import SystemPackage

/// What an agent changed.
public struct AgentDiff: Sendable {
    public let branch: String
    public let worktree: FilePath
    let base: String
    let options: DiffOptions
    let repository: GitRepository

    /// Against the place where the branch left its base, or only what is not committed.
    public init(of name: String, uncommitted: Bool, context: FleetContext) async throws {
        let agent = try await context.store.agent(named: name)
        branch = agent.place.branch
        worktree = agent.place.worktree
        repository = context.repository
        let main = try await context.repository.mainBranch()?.rawValue
        base = agent.place.base ?? (main == branch ? nil : main) ?? agent.place.baseCommit ?? "HEAD"
        options = DiffOptions(scope: uncommitted ? .uncommitted : .sinceBase)
    }

    public func bytes() async throws -> [UInt8] {
        try await repository.diff(worktree, base: base, options: options)
    }

    public func stat() async throws -> DiffStat {
        try await repository.diffStat(worktree, base: base, options: options)
    }

    /// New files that the diff leaves out because nobody added them to git.
    public func untracked() async throws -> [String] {
        try await repository.untrackedPaths(in: worktree)
    }

    /// For a terminal: git with its pager, to run in the worktree.
    public func pagerCommand() async throws -> (arguments: [String], environment: [String: String]) {
        try await repository.diffCommand(worktree, base: base, options: options)
    }
}
