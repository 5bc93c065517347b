internal import Config
internal import Core
internal import Fleet
internal import GitKit
internal import Store
internal import SystemPackage

/// Whose records a backtest reads.
enum BacktestRecords: Sendable {
    case fleet(FleetContext)
    case panes(PaneRecords, FleetStore)

    var store: FleetStore {
        switch self {
        case .fleet(let context): context.store
        case .panes(_, let store): store
        }
    }

    var isClassic: Bool { if case .panes = self { true } else { false } }

    /// As the watcher read lines then.
    var readsHeuristics: Bool {
        switch self {
        case .fleet(let context): context.configuration.watch.heuristics
        case .panes: true
        }
    }

    /// What a policy may name; detection rules of `run` lie beside its policy.
    func policyContext(beside policy: FilePath) async throws -> PolicyFile.Context {
        switch self {
        case .fleet(let context):
            let main = try await context.repository.mainBranch()?.rawValue
            return .init(mainBranch: main, dialogs: context.dialogIDs)
        case .panes:
            let detection = DetectionCatalog(root: policy.removingLastComponent())
            return .init(isClassic: true, dialogs: try detection.library().dialogIDs)
        }
    }

    /// What a hook told; panes have none.
    func hookEvent(_ payload: JSONObject, run: RunID?) async -> GitHookEvent? {
        guard case .fleet(let context) = self, let name = payload["hook"]?.string else { return nil }
        return await context.hookEvent(
            name, branch: payload["branch"]?.string, commit: payload["commit"]?.string, run: run)
    }

    /// The file that holds what a subject printed; nil for one that prints nothing.
    func tap(of facts: BacktestFacts) -> (path: FilePath, kind: AgentKind)? {
        if let agent = facts.agent { return agent.tap.map { ($0, AgentKind(agent.program.kind)) } }
        guard case .panes(let records, _) = self, let pane = facts.pane else { return nil }
        let tap = records.taps.appending("\(PaneRecords.tapName(of: pane)).tap")
        return (tap, facts.sight?.kind ?? .shell)
    }
}
