internal import Core
internal import ProcessKit
internal import Store

/// Whether a command was started from inside an agent's pane, whatever its environment says.
public struct AgentAncestry: Sendable {
    let context: FleetContext

    public init(context: FleetContext) { self.context = context }

    /// In the environment of an orchestrator's decider: whatever it starts, and leaves behind, has it, too.
    public static let deciderMark = "TMUX_AGENT_DECIDER"

    /// Whether a process with this environment is an agent's or a decider's; either can clear it.
    public static func isMarked(_ environment: [String: String]) -> Bool {
        environment["TMUX_AGENT_ID"] != nil || environment[deciderMark] != nil
    }

    /// Also true below a decider: its own commands are what a person is asked about.
    public func isBelowAnAgent() async throws -> Bool {
        guard context.surroundings.environment[Self.deciderMark] == nil else { return true }
        let roots = try await context.store.agents().compactMap { $0.pane?.process?.identity }
        let table = ProcessTable()
        let ancestors = table.ancestors(of: context.surroundings.processID)
        // Who cleared its environment has parents that did not.
        if ancestors.contains(where: { ProcessTable.environment(of: $0)?[Self.deciderMark] != nil }) {
            return true
        }
        return roots.contains { root in
            ancestors.contains(root.pid) && table.processes[root.pid]?.identity == root
        }
    }
}
