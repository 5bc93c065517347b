internal import Core
internal import Daemon
internal import Fleet
internal import Watch

/// `sessions --config hosts.yaml`: the panes that `run` watches.
struct PaneSessionsView: Renderable {
    var panes: [PaneSession]
    var now: Timestamp

    var json: JSONValue { ["panes": .array(panes.map(json))] }

    private func json(_ pane: PaneSession) -> JSONValue {
        var object: JSONObject = [
            "pane": .string(pane.pane.name), "host": .string(pane.pane.host),
            "session": .string(pane.sight.session), "window": .string(pane.sight.window),
            "kind": .string(pane.sight.kind.rawValue), "state": .string(pane.state.rawValue),
        ]
        object.set("waiting_for", pane.waitingFor?.rawValue)
        object.set("exit_status", pane.exitStatus.map { Int($0) })
        object.set("since", pane.since)
        object.set("stage", pane.stage?.stage)
        object.set("stage_state", pane.stage?.state.rawValue)
        object.set("pipeline", pane.stage?.pipeline)
        object.set("run_state", pane.stage?.runState.rawValue)
        object.set("pending_approvals", pane.pendingApprovals)
        return .object(object)
    }

    func text(_ style: Style) -> String {
        guard !panes.isEmpty else { return "" }
        var table = Table(header: ["PANE", "STATE", "STAGE", "SESSION", "WINDOW", "PROGRAM", "SINCE"])
        table.rows = panes.map { pane in
            [
                .init(pane.pane.name, style: style.agentName),
                .init(pane.state.words(pane.waitingFor, pane.exitStatus), style: style.of(pane.state)),
                .init(pane.stage?.words(asks: pane.pendingApprovals > 0) ?? "-"), .init(pane.sight.session),
                .init(pane.sight.window), .init(pane.sight.kind.rawValue),
                .init(pane.since.map { now.distance(from: $0).briefly } ?? "-"),
            ]
        }
        return table.text(style)
    }
}
