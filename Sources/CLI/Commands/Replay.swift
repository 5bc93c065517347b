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

            Without it the record of the orchestrator is summed up; with --run its inputs are put
            through today's program and settings. Nothing is changed or run in any case.

              tmux-agent replay --policy new.yaml --since 24h
              tmux-agent replay --policy .tmuxagent/policy.yaml --since 2026-11-20T08:00Z --branch feature/x --json
              tmux-agent replay --limit 20
              tmux-agent replay --run --orchestrator-config new.toml
            """)

    @OptionGroup var global: GlobalOptions
    @Option(name: .long, help: "The policy that is tried") var policy: String?
    @Option(
        name: .long,
        help: ArgumentHelp(
            "How far back, or from when (UTC); of a policy 24h", valueName: "duration or time"))
    var since: String?
    @Option(name: .long, help: "Only the agent or task of this branch") var branch: String?
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
        if !isRun, orchestratorConfig != nil || svg || asRecorded {
            throw ValidationError("--orchestrator-config, --as-recorded and --svg need --run")
        }
        if let limit, limit < 0 { throw ValidationError("--limit takes a number from 0 on") }
    }

    func run(_ context: CommandContext) async throws {
        let fleet = try await FleetContext.open(context.surroundings)
        guard let policy else { return try replayOrchestrator(fleet, context) }
        let file = context.surroundings.workingDirectory.pushing(FilePath(policy))
        let start = try moment(since ?? "24h", context.surroundings.now())
        let (report, warnings) = try await Backtest(context: fleet).run(
            policy: file, since: start, branch: branch)
        for warning in warnings { context.console.hint(warning.rendered) }
        context.console.render(ReplayView(policy: policy, report: report), json: context.json)
        if report.parts.isEmpty { context.console.hint("Nothing was recorded in that time") }
    }

    private func replayOrchestrator(_ fleet: FleetContext, _ context: CommandContext) throws {
        let here = context.surroundings.workingDirectory
        let record = try AuditLog(
            reading: log.map { here.pushing(FilePath($0)) } ?? AuditLog.place(in: fleet))
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
            let name = part.branch ?? part.subject.key
            let head = part.subject == .mainCheckout ? "main checkout (\(name.visible))" : name.visible
            return [style.heading(head)] + part.lines.map { text($0, style) }
                + part.notes.map { "  " + style.dim("note: \($0.visible)") } + [""]
        }
        lines.append(
            "\(report.count(.both)) the same, \(report.count(.would)) would be new, \(report.count(.did)) would not have been done."
        )
        return lines.joined(separator: "\n")
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
