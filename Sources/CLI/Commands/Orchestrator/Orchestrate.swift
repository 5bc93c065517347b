internal import ArgumentParser
internal import Core
internal import Daemon
internal import Fleet
internal import Orchestrator
internal import SystemPackage

struct Orchestrate: AgentCommand {
    static let configuration = CommandConfiguration(
        commandName: "orchestrate",
        abstract: "Run the fleet's tasks: dependencies, queue, decisions",
        discussion: """
            Begins agents when their dependencies are done and there is room, asks the decider
            what they are told next, and has risky commands approved. 'tmux-agent up' does the
            same beside watching; this is for one pass, a rehearsal, or a process of its own.

              tmux-agent orchestrate --dry-run       what would be done, and why
              tmux-agent orchestrate --once          one pass, to its end
              tmux-agent orchestrate --orchestrator-config other.toml
              tmux-agent orchestrate --metrics-port 9108
            """)

    @OptionGroup var global: GlobalOptions
    @Flag(name: .long, help: "Do what can be done now, wait for its end, and end") var once = false
    @Flag(name: .long, help: "Say what would be done; the decider is asked, nothing else is done")
    var dryRun = false
    @Option(
        name: .long, help: "Another file than .tmuxagent/orchestrator.toml",
        completion: .file(extensions: ["toml"]))
    var orchestratorConfig: String?
    @OptionGroup var log: LogOptions
    @Option(name: .long, help: "Serve /metrics at this port (default: metrics_port; 0: a free one)")
    var metricsPort: Int?
    @Option(name: .long, help: "Where it is served (default: metrics_host, else 127.0.0.1)")
    var metricsHost: String?

    func validate() throws {
        if let metricsPort, !(0...65_535).contains(metricsPort) {
            throw ValidationError("'\(metricsPort)' is no port: use 0 to 65535")
        }
        if metricsPort != nil, once || dryRun {
            throw ValidationError(
                "'--metrics-port' needs a process that stays: leave --once and --dry-run out")
        }
    }

    func run(_ context: CommandContext) async throws {
        let file = orchestratorConfig.map { context.surroundings.workingDirectory.pushing(FilePath($0)) }
        let source: @Sendable (FleetContext) -> OrchestratorSource = { fleet in
            file.map { OrchestratorSource(file: $0) } ?? OrchestratorSource(context: fleet)
        }
        let fleet = try await FleetContext.open(context.surroundings)
        try fleet.requireTrust()
        guard try dryRun || source(fleet).asksForRehearsal() else {
            var options = OrchestratorRun.Options()
            (options.once, options.metricsHost, options.metricsPort) = (once, metricsHost, metricsPort)
            return try await OrchestratorRun(surroundings: context.surroundings, log: log.logger(context))
                .run(source: source, options: options)
        }
        let report = try await OrchestratorRehearsal(context: fleet, source: source(fleet)).run()
        context.console.render(RehearsalView(report: report), json: context.json)
    }
}

private struct RehearsalView: Renderable {
    var report: OrchestratorRehearsal.Report

    var json: JSONValue {
        var blocked = JSONObject()
        for (branch, by) in report.blocked.sorted(by: { $0.key < $1.key }) { blocked.set(branch, by) }
        return [
            "dry_run": true, "now": .array(report.now.map(json)), "later": .array(report.later.map(json)),
            "blocked": .object(blocked),
        ]
    }

    private func json(_ act: OrchestratorRehearsal.Act) -> JSONValue {
        [
            "kind": .string(act.kind.rawValue), "branch": .string(act.branch), "what": .string(act.what),
            "why": .string(act.why),
        ]
    }

    func text(_ style: Style) -> String {
        var lines = [style.heading("Now")]
        lines += report.now.isEmpty ? ["  nothing"] : report.now.map { line($0, style) }
        if !report.later.isEmpty {
            lines += ["", style.heading("Then, if each task comes to its end")]
            lines += report.later.map { line($0, style) }
        }
        if !report.blocked.isEmpty {
            lines += ["", style.heading("Never, as things stand")]
            lines += report.blocked.sorted { $0.key < $1.key }.map {
                "  \($0.key.visible)  \(style.dim("blocked by \($0.value.visible)"))"
            }
        }
        return lines.joined(separator: "\n")
    }

    private func line(_ act: OrchestratorRehearsal.Act, _ style: Style) -> String {
        let what = act.what.split(separator: "\n").first.map(String.init) ?? ""
        return
            "  \(act.kind.rawValue)  \(style.agentName(act.branch.visible))  \(what.visible)  \(style.dim("(\(act.why.visible))"))"
    }
}
