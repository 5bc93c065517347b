internal import ArgumentParser
internal import Core
internal import Daemon
internal import Fleet
internal import GitKit
internal import Store

struct Status: FleetView {
    static let configuration = CommandConfiguration(
        commandName: "status",
        abstract: "Show the fleet as a whole: daemon, agents, runs, questions",
        discussion: """
            --watch stays and follows what happens; its keys approve, reject, send and
            attach. --format tmux is a few words for tmux's status line.

              tmux-agent status --watch
              tmux-agent status --json
              tmux-agent status --config hosts.yaml
              tmux set -g status-right "#(tmux-agent -C '#{pane_current_path}' status --format tmux)"
            """)

    enum Format: String, CaseIterable, ExpressibleByArgument { case text, tmux }

    @OptionGroup var global: GlobalOptions
    @OptionGroup var panes: PaneOption
    @Flag(name: .shortAndLong, help: "Stay and follow, full screen") var watch = false
    @Option(name: .long, help: "How to print it: text or tmux") var format = Format.text

    func validate() throws {
        if watch, global.json || format != .text {
            throw ValidationError("--watch is for people: use it without --json and --format")
        }
        if global.json, format != .text { throw ValidationError("Give --json or --format, not both") }
        if panes.config != nil, watch || format != .text {
            throw ValidationError("--config goes with neither --watch nor --format")
        }
    }

    func run(_ context: CommandContext) async throws {
        if let records = try panes.records(context) {
            let status = try await PaneRunStatus.now(of: records, context.surroundings)
            context.console.render(PaneRunView(status: status), json: context.json)
            if status.pid == nil { context.console.hint("Nobody watches these panes: tmux-agent run") }
            return
        }
        guard format == .text else { return try await printLine(context) }
        let fleet = try await context.fleet()
        if watch { return try await StatusWatch(context: context, fleet: fleet).run() }
        let status = try await DaemonControl(context: fleet).status()
        context.console.render(
            StatusView(status: status, isTrusted: fleet.isTrusted, now: context.surroundings.now()),
            json: context.json)
        for hint in status.agents.compactMap(\.spawnHint) { context.console.hint(hint) }
        if status.daemon == nil { context.console.hint("No daemon watches this fleet: tmux-agent up") }
    }

    /// tmux asks for it in every folder, most of which are no fleet: then there is nothing to say.
    private func printLine(_ context: CommandContext) async throws {
        do {
            let fleet = try await context.fleet()
            let line = StatusLine(status: try await DaemonControl(context: fleet).status()).text
            if !line.isEmpty { context.console.result(line) }
        } catch GitError.notARepository, FleetError.notAFleet {
            return
        }
    }
}

private struct StatusView: Renderable {
    var status: FleetStatus
    var isTrusted: Bool
    var now: Timestamp

    private var branches: [Subject: String] {
        Dictionary(status.agents.map { ($0.agent.subject, $0.agent.place.branch) }) { $1 }
    }

    private var counts: [(AgentState, Int)] {
        AgentState.allCases.compactMap { state in
            let count = status.agents.count { $0.state == state }
            return count == 0 ? nil : (state, count)
        }
    }

    var json: JSONValue {
        var daemon: JSONObject = ["running": .bool(status.daemon != nil)]
        daemon.set("pid", status.daemon.map { Int($0) })
        daemon.set("since", status.daemonSince)
        daemon["troubles"] = .array(status.troubles.map { .string($0) })
        var agents = JSONObject()
        for (state, count) in counts { agents.set(state.rawValue, count) }
        var object: JSONObject = [
            "fleet": .string(status.name), "root": .string(status.root), "trusted": .bool(isTrusted),
            "daemon": .object(daemon), "policy": policyJSON, "agents": .object(agents),
            "runs": .array(status.runs.map(json)),
            "pending_approvals": .integer(Int64(status.approvals.count)),
        ]
        object.set("dashboard", status.addresses?.dashboard?.url)
        object.set("portal", status.addresses?.portal?.url)
        return .object(object)
    }

    private var policyJSON: JSONValue {
        guard let policy = status.policy else { return .null }
        var object: JSONObject = ["in_force": .bool(policy.refused == nil)]
        object.set("since", policy.since)
        object.set("refused", policy.refused)
        return .object(object)
    }

    private func json(_ run: PipelineRun) -> JSONValue {
        var object: JSONObject = ["run": .string(run.id.rawValue), "pipeline": .string(run.pipeline)]
        object.set("branch", branches[run.subject])
        object.set("subject", run.subject.key)
        object.set("state", run.state.rawValue)
        object.set("commit", run.commit)
        object.set("started_at", run.startedAt)
        object.set("ended_at", run.endedAt)
        object["stages"] = .array(
            run.stages.map { stage in
                var object: JSONObject = [
                    "name": .string(stage.name), "status": .string(stage.state.rawValue),
                ]
                object.set("attempt", stage.attempt)
                object.set("since", stage.since)
                object.set("reason", stage.reason)
                return .object(object)
            })
        return .object(object)
    }

    func text(_ style: Style) -> String {
        let daemon =
            status.daemon.map {
                "watched by pid \($0)"
                    + (status.daemonSince.map { " for \(now.distance(from: $0).briefly)" } ?? "")
            }
            ?? style.error("not watched")
        var lines = ["\(style.heading(status.name.visible))  \(daemon)  \(style.dim(status.root.visible))"]
        if let address = status.addresses?.dashboard { lines.append("dashboard  \(address.url)") }
        if let address = status.addresses?.portal { lines.append("phone console  \(address.url)") }
        lines += status.troubles.map { style.error("does not work  ") + $0.visible }
        let agents = counts.map { style.of($0.0)("\($0.1) \($0.0.rawValue)") }.joined(separator: ", ")
        lines.append("agents  " + (agents.isEmpty ? "none" : agents))
        if let warning = status.policy?.warning { lines.append("policy  " + style.error(warning)) }
        if !status.approvals.isEmpty {
            lines.append(
                style.waiting(
                    "\(status.approvals.count) question\(status.approvals.count == 1 ? "" : "s") for a person: tmux-agent approvals"
                ))
        }
        if !presentRuns.isEmpty { lines += ["", runTable(style)] }
        return lines.joined(separator: "\n")
    }

    /// Without the runs of agents that were removed: those are the past.
    private var presentRuns: [PipelineRun] {
        status.runs.filter { $0.subject == .mainCheckout || branches[$0.subject] != nil }
    }

    private func runTable(_ style: Style) -> String {
        var table = Table(header: ["PIPELINE", "BRANCH", "STATE", "STAGES"])
        table.rows = presentRuns.map { run in
            let stages = run.stages.map { "\($0.state.mark)\($0.name)" }.joined(separator: "  ")
            return [
                .init(run.pipeline), .init(branches[run.subject] ?? "main checkout", style: style.agentName),
                .init(
                    run.state.rawValue,
                    style: run.state == .failed
                        ? style.error : run.state == .completed ? style.success : style.working),
                .init(stages),
            ]
        }
        return table.text(style, limit: 120)
    }
}

extension StageState {
    /// One sign before a stage's name: done, failed, at work, asks, still to come.
    var mark: String {
        switch self {
        case .completed: "✓ "
        case .failed: "✗ "
        case .running: "▶ "
        case .waitingApproval: "? "
        case .waitingTrigger: "… "
        case .idle: "· "
        }
    }
}
