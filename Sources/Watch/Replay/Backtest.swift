public import Config
public import Core
public import Fleet
internal import GitKit
internal import ProcessKit
internal import Store
public import SystemPackage

/// Runs a policy over what a fleet recorded, and puts its decisions beside those that were made.
///
/// Taps are read again with the sizes and times of their marks; reports, hooks, states and answers come from the journal.
/// Nothing is stored, typed, run or sent, and the same records give the same report.
public struct Backtest: Sendable {
    let context: FleetContext

    public init(context: FleetContext) { self.context = context }

    /// The decisions since `since` about every agent, or the one of `branch`.
    ///
    /// A run begins anew for each agent with its first recorded fact. Throws ``ConfigurationError`` for a policy that cannot
    /// be used, ``StoreError/agentNotFound(name:similar:)`` for an unknown branch.
    public func run(
        policy file: FilePath, since: Timestamp, branch: String?
    ) async throws -> (report: BacktestReport, warnings: [ConfigurationProblem]) {
        var shown = file
        _ = shown.removePrefix(context.surroundings.workingDirectory)
        guard let text = try Files.readText(file) else {
            throw ConfigurationError.notFound(file: shown.string)
        }
        let main = try await context.repository.mainBranch()?.rawValue
        let loaded = try PolicyFile.read(
            text, file: shown.string, context: .init(mainBranch: main, dialogs: context.dialogIDs))
        let subjects = try await subjects(of: branch)
        let all = try await BacktestReader(context: context, since: since)
            .read { subjects?.contains($0) ?? true }
        let end = all.compactMap(\.lastTime).max()
        var parts: [BacktestReport.Part] = []
        for facts in all {
            var run = try await BacktestRun(
                context: context, policy: loaded.policy, facts: facts, mainBranch: main, since: since)
            try run?.play(until: end)
            if let run { parts.append(run.part) }
        }
        return (
            BacktestReport(from: all.compactMap(\.firstTime).min(), to: end, parts: parts), loaded.warnings
        )
    }

    /// Also agents that were removed since; nil: all.
    private func subjects(of branch: String?) async throws -> Set<Subject>? {
        guard let branch else { return nil }
        let known = try await context.store.agents(includingRemoved: true)
            .filter { $0.place.branch == branch || $0.id.rawValue == branch }
        if !known.isEmpty { return Set(known.map(\.subject)) }
        return [try await context.policySubject(named: branch).0]
    }
}
