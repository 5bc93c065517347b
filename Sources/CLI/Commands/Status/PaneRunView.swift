internal import Core
internal import Daemon
internal import Fleet

/// `status --config hosts.yaml`: hosts, panes with runs, questions.
struct PaneRunView: Renderable {
    var status: PaneRunStatus

    var json: JSONValue {
        var daemon: JSONObject = ["running": .bool(status.pid != nil)]
        daemon.set("pid", status.pid.map { Int($0) })
        daemon["troubles"] = .array(status.troubles.map { .string($0) })
        return [
            "configuration": .string(status.file), "daemon": .object(daemon),
            "hosts": .array(
                status.hosts.map { host in
                    var object: JSONObject = ["name": .string(host.name), "state": .string(host.state.word)]
                    object.set("address", host.address)
                    object.set("reason", host.state.reason)
                    return .object(object)
                }),
            "runs": .array(status.runs.map(json)),
            "pending_approvals": .integer(Int64(status.pendingApprovals)),
        ]
    }

    private func json(_ run: PipelineRun) -> JSONValue {
        var object: JSONObject = ["run": .string(run.id.rawValue), "pipeline": .string(run.pipeline)]
        object.set("pane", run.pane?.name)
        object.set("host", run.pane?.host)
        object.set("host_state", hostState(run)?.word)
        object.set("state", run.state.rawValue)
        object.set("started_at", run.startedAt)
        object.set("ended_at", run.endedAt)
        object["stages"] = .array(
            run.stages.map { ["name": .string($0.name), "status": .string($0.state.rawValue)] })
        return .object(object)
    }

    private func hostState(_ run: PipelineRun) -> PaneRunStatus.HostState? {
        status.hosts.first { $0.name == run.pane?.host }?.state
    }

    func text(_ style: Style) -> String {
        let watcher = status.pid.map { "watched by pid \($0)" } ?? style.error("not watched")
        var lines = ["\(style.heading(status.file.visible))  \(watcher)"]
        lines += status.troubles.map { style.error("does not work  ") + $0.visible }
        for host in status.hosts {
            let address = host.address.map { " (\($0.visible))" } ?? ""
            let word =
                host.state == .up
                ? style.success("up") : host.state.reason == nil ? style.dim("unknown") : style.error("down")
            let reason = host.state.reason.map { "  \($0.visible)" } ?? ""
            lines.append("host \(host.name.visible)\(address)  \(word)\(reason)")
        }
        if status.pendingApprovals > 0 {
            lines.append(
                style.waiting(
                    "\(status.pendingApprovals) waiting for a person: tmux-agent approvals --config …"))
        }
        return (status.runs.isEmpty ? lines : lines + ["", table(style)]).joined(separator: "\n")
    }

    private func table(_ style: Style) -> String {
        var table = Table(header: ["PIPELINE", "PANE", "STATE", "STAGES"])
        table.rows = status.runs.map { run in
            let stages = run.stages.map { "\($0.state.mark)\($0.name)" }.joined(separator: "  ")
            let isDown = hostState(run)?.reason != nil && !run.isEnded
            return [
                .init(run.pipeline), .init(run.pane?.name ?? "-", style: style.agentName),
                .init(
                    isDown ? "\(run.state.rawValue), host is down" : run.state.rawValue,
                    style: isDown ? style.error : style.working),
                .init(stages),
            ]
        }
        return table.text(style, limit: 120)
    }
}

extension PaneRunStatus.HostState {
    var word: String {
        switch self {
        case .up: "up"
        case .down: "down"
        case .unknown: "unknown"
        }
    }

    var reason: String? { if case .down(let reason) = self { reason } else { nil } }
}

extension PipelineRun {
    fileprivate var pane: HostPane? { if case .pane(let pane) = subject { pane } else { nil } }
}
