internal import ArgumentParser
internal import Config
internal import Core
internal import Fleet
internal import Orchestrator
internal import SystemPackage
internal import Watch

struct Replay: AgentCommand {
    static let configuration = CommandConfiguration(
        commandName: "replay",
        abstract: "Show what was recorded, and what would be decided otherwise today",
        discussion: """
            With --policy a policy is run over what the fleet recorded: what it would have done
            (+), beside what was done (-), and what is the same (=). What agents printed is read
            again from their taps; reports, git hooks, states and answers come from the journal.
            With --config it is what 'run' recorded of panes.

            Without it the record of the orchestrator is summed up; with --run its inputs are put
            through today's program and settings. Nothing is changed or run in any case.

              tmux-agent replay --policy new.yaml --since 24h
              tmux-agent replay --policy .tmuxagent/policy.yaml --since 2026-11-20T08:00Z --branch feature/x --json
              tmux-agent replay --policy new.yaml --config hosts.yaml --pane %3
              tmux-agent replay --limit 20
              tmux-agent replay --run --orchestrator-config new.toml
            """)

    @OptionGroup var global: GlobalOptions
    @OptionGroup var panes: PaneOption
    @Option(name: .long, help: "The policy that is tried") var policy: String?
    @Option(
        name: .long,
        help: ArgumentHelp(
            "How far back, or from when (UTC); of a policy 24h", valueName: "duration or time"))
    var since: String?
    @Option(name: .long, help: "Only the agent or task of this branch") var branch: String?
    @Option(name: .long, help: "With --config: only this pane, such as %3 or host:%3") var pane: String?
    @Option(
        name: .long, help: "The orchestrator's record (default: the fleet's own)", completion: .file())
    var log: String?
    @Option(name: .long, help: "Of the record at most so many lines or differences") var limit: Int?
    @Flag(name: .customLong("run"), help: "Put the recorded inputs through today's program and settings")
    var isRun = false
    @Option(name: .long, help: "With --run: settings to try", completion: .file(extensions: ["toml"]))
    var orchestratorConfig: String?
    @Flag(name: .long, help: "With --run: with the settings of then, to see what the program does otherwise")
    var asRecorded = false
    @Flag(name: .long, help: "With --run: print a timeline as an SVG picture") var svg = false

    func validate() throws {
        if policy != nil,
            isRun || log != nil || limit != nil || orchestratorConfig != nil || svg || asRecorded
        {
            throw ValidationError(
                "--policy tries a policy; --run, --log, --limit, --orchestrator-config, --as-recorded and --svg are about the orchestrator's record"
            )
        }
        if panes.config != nil, policy == nil || branch != nil {
            throw ValidationError("--config needs --policy, and takes --pane in place of --branch")
        }
        if pane != nil, panes.config == nil { throw ValidationError("--pane needs --config") }
        if !isRun, orchestratorConfig != nil || svg || asRecorded {
            throw ValidationError("--orchestrator-config, --as-recorded and --svg need --run")
        }
        if let limit, limit < 0 { throw ValidationError("--limit takes a number from 0 on") }
    }

    func run(_ context: CommandContext) async throws {
        guard let policy else {
            return try replayOrchestrator(try await FleetContext.open(context.surroundings), context)
        }
        let folder = context.surroundings.workingDirectory
        let start = try moment(since ?? "24h", context.surroundings.now())
        let (report, warnings) = try await backtest(context).run(
            policy: folder.pushing(FilePath(policy)), since: start, name: pane ?? branch, folder: folder)
        for warning in warnings { context.console.hint(warning.rendered) }
        context.console.render(ReplayView(policy: policy, report: report), json: context.json)
        if report.parts.isEmpty { context.console.hint("Nothing was recorded in that time") }
    }

    private func backtest(_ context: CommandContext) async throws -> Backtest {
        guard let records = try panes.records(context) else {
            return Backtest(context: try await FleetContext.open(context.surroundings))
        }
        return Backtest(panes: records, store: try await records.store(context.surroundings))
    }

    private func replayOrchestrator(_ fleet: FleetContext, _ context: CommandContext) throws {
        let here = context.surroundings.workingDirectory
        let record = try AuditLog(
            reading: log.map { here.pushing(FilePath($0)) } ?? AuditLog.place(in: fleet))
        if let branch { try record.require(branch) }
        let start = try since.map { try moment($0, context.surroundings.now()) }
        guard isRun else {
            return OrchestratorReplay.summarise(record, branch: branch, since: start, limit: limit, context)
        }
        try OrchestratorReplay.run(
            record, fleet, file: orchestratorConfig.map { here.pushing(FilePath($0)) }, branch: branch,
            since: start,
            limit: limit, asRecorded: asRecorded, svg: svg, context)
    }

    private func moment(_ since: String, _ now: Timestamp) throws -> Timestamp {
        if let time = Timestamp(iso8601: since) { return time }
        guard let duration = DurationText.parse(since) else {
            throw ValidationError("--since takes a duration such as 24h, or a time such as 2026-11-20T08:00Z")
        }
        return Timestamp(milliseconds: now.milliseconds - duration.inMilliseconds)
    }
}

private struct ReplayView: Renderable {
    var policy: String
    var report: BacktestReport

    var json: JSONValue {
        var object: JSONObject = ["policy": .string(policy)]
        object.set("from", report.from)
        object.set("to", report.to)
        object["same"] = .integer(Int64(report.count(.both)))
        object["only_would"] = .integer(Int64(report.count(.would)))
        object["only_did"] = .integer(Int64(report.count(.did)))
        object["subjects"] = .array(report.parts.map(json))
        return .object(object)
    }

    private func json(_ part: BacktestReport.Part) -> JSONValue {
        var object: JSONObject = ["subject": .string(part.subject.key)]
        object.set("branch", part.branch)
        if case .pane(let pane) = part.subject { object.set("pane", pane.name) }
        object["notes"] = .array(part.notes.map { .string($0) })
        object["decisions"] = .array(
            part.lines.map { line in
                var object: JSONObject = [
                    "side": .string(line.side.rawValue), "pipeline": .string(line.pipeline),
                    "what": .string(line.words), "detail": .string(line.detail),
                ]
                object.set("stage", line.stage)
                object.set("would_at", line.wouldAt)
                object.set("did_at", line.didAt)
                return .object(object)
            })
        return .object(object)
    }

    func text(_ style: Style) -> String {
        guard !report.parts.isEmpty else { return "" }
        var lines = report.parts.flatMap { part in
            let head = head(of: part)
            return [style.heading(head)] + part.lines.map { text($0, style) }
                + part.notes.map { "  " + style.dim("note: \($0.visible)") } + [""]
        }
        lines.append(
            "\(report.count(.both)) the same, \(report.count(.would)) would be new, \(report.count(.did)) would not have been done."
        )
        return lines.joined(separator: "\n")
    }

    private func head(of part: BacktestReport.Part) -> String {
        switch part.subject {
        case .mainCheckout: "main checkout (\((part.branch ?? "no branch").visible))"
        case .agent: (part.branch ?? part.subject.key).visible
        case .pane(let pane): "pane \(pane.name.visible)"
        }
    }

    private func text(_ line: BacktestReport.Line, _ style: Style) -> String {
        let place = line.pipeline + (line.stage.map { "/\($0)" } ?? "")
        let detail = line.detail.isEmpty ? "" : "  (\(line.detail.split(separator: "\n").first ?? ""))"
        let words = "\(line.at.iso8601)  \(place.visible): \(line.words.visible)\(detail.visible)"
        return switch line.side {
        case .both: "  = " + words
        case .would: style.success("  + " + words)
        case .did: style.error("  - " + words)
        }
    }
}
