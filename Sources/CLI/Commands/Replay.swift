internal import ArgumentParser
internal import Config
internal import Core
internal import Fleet
internal import SystemPackage
internal import Watch

struct Replay: AgentCommand {
    static let configuration = CommandConfiguration(
        commandName: "replay",
        abstract: "Run a policy over what the fleet recorded",
        discussion: """
            Shows what the policy would have done (+), beside what was done (-), and what is
            the same (=). What agents printed is read again from their taps; reports, git
            hooks, states and answers come from the journal. Nothing is changed or run.

              tmux-agent replay --policy new.yaml --since 24h
              tmux-agent replay --policy .tmuxagent/policy.yaml --since 2026-11-20T08:00Z --branch feature/x --json
            """)

    @OptionGroup var global: GlobalOptions
    @Option(name: .long, help: "The policy that is tried") var policy: String
    @Option(
        name: .long,
        help: ArgumentHelp("How far back, or from when (UTC)", valueName: "duration or time")) var since =
        "24h"
    @Option(name: .long, help: "Only the agent of this branch") var branch: String?

    func run(_ context: CommandContext) async throws {
        let fleet = try await FleetContext.open(context.surroundings)
        let file = context.surroundings.workingDirectory.pushing(FilePath(policy))
        let (report, warnings) = try await Backtest(context: fleet).run(
            policy: file, since: try start(context.surroundings.now()), branch: branch)
        for warning in warnings { context.console.hint(warning.rendered) }
        context.console.render(ReplayView(policy: policy, report: report), json: context.json)
        if report.parts.isEmpty { context.console.hint("Nothing was recorded in that time") }
    }

    private func start(_ now: Timestamp) throws -> Timestamp {
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
