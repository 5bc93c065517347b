public import Config
public import Core
public import Fleet
internal import GitKit
internal import ProcessKit
public import Store
public import SystemPackage

/// Runs a policy over what was recorded, and puts its decisions beside those that were made.
///
/// Taps are read again with the sizes and times of their marks; reports, hooks, states and answers come from the journal.
/// Nothing is stored, typed, run or sent, and the same records give the same report.
public struct Backtest: Sendable {
    let records: BacktestRecords

    /// Over what a fleet recorded.
    public init(context: FleetContext) { records = .fleet(context) }

    /// Over what `run` recorded of panes that were not spawned here.
    public init(panes: PaneRecords, store: FleetStore) { records = .panes(panes, store) }

    /// The decisions since `since` about every subject, or the one of `name`: an agent's branch or id, the main checkout's
    /// branch, or a pane such as `%3` or `host:%3`.
    ///
    /// A run begins anew for each subject with its first recorded fact; the policy's path is shown as it lies below
    /// `folder`. Throws ``ConfigurationError`` for a policy that cannot be used, ``StoreError/agentNotFound(name:similar:)``
    /// and ``PaneRecordsError/noPane(_:known:)`` for an unknown name.
    public func run(
        policy file: FilePath, since: Timestamp, name: String?, folder: FilePath
    ) async throws -> (report: BacktestReport, warnings: [ConfigurationProblem]) {
        var shown = file
        _ = shown.removePrefix(folder)
        guard let text = try Files.readText(file) else {
            throw ConfigurationError.notFound(file: shown.string)
        }
        let reading = try await records.policyContext(beside: file)
        let loaded = try PolicyFile.read(text, file: shown.string, context: reading)
        let all = try await facts(of: name, since: since)
        let end = all.compactMap(\.lastTime).max()
        var parts: [BacktestReport.Part] = []
        for facts in all {
            var run = try await BacktestRun(
                records, policy: loaded.policy, facts: facts, mainBranch: reading.mainBranch, since: since)
            try run?.play(until: end)
            if let run { parts.append(run.part) }
        }
        return (
            BacktestReport(from: all.compactMap(\.firstTime).min(), to: end, parts: parts), loaded.warnings
        )
    }

    private func facts(of name: String?, since: Timestamp) async throws -> [BacktestFacts] {
        let reader = BacktestReader(records: records, since: since)
        guard let name else { return try await reader.read { _ in true } }
        switch records {
        case .fleet(let context):
            // Also agents that were removed since.
            let known = try await context.store.agents(includingRemoved: true)
                .filter { $0.place.branch == name || $0.id.rawValue == name }
            var subjects = Set(known.map(\.subject))
            if known.isEmpty { subjects = [try await context.policySubject(named: name).0] }
            return try await reader.read { subjects.contains($0) }
        case .panes:
            let all = try await reader.read { _ in true }
            let found = all.filter { $0.pane.map { [$0.name, $0.pane.description].contains(name) } ?? false }
            guard !found.isEmpty else {
                throw PaneRecordsError.noPane(name, known: Set(all.compactMap(\.pane?.name)).sorted())
            }
            return found
        }
    }
}
