internal import Core
internal import ProcessKit
internal import Store

/// Whether a command was started from inside an agent's pane, whatever its environment says.
public struct AgentAncestry: Sendable {
    let context: FleetContext

    public init(context: FleetContext) { self.context = context }

    public func isBelowAnAgent() async throws -> Bool {
        let roots = try await context.store.agents().compactMap { $0.pane?.process?.identity }
        guard !roots.isEmpty else { return false }
        let table = ProcessTable()
        let ancestors = table.ancestors(of: context.surroundings.processID)
        return roots.contains { root in
            ancestors.contains(root.pid) && table.processes[root.pid]?.identity == root
        }
    }
}
