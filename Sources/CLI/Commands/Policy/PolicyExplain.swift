internal import ArgumentParser
internal import Core
internal import Fleet

struct PolicyExplain: AgentCommand {
    static let configuration = CommandConfiguration(
        commandName: "explain", abstract: "Say what each stage of an agent's runs waits for now",
        discussion: """
              tmux-agent policy explain feature/x
              tmux-agent policy explain %3 --config hosts.yaml
            """)

    @OptionGroup var global: GlobalOptions
    @OptionGroup var panes: PaneOption
    @Argument(help: "The agent's branch, id or session, the main checkout's branch, or a pane of 'run'")
    var agent: String

    func run(_ context: CommandContext) async throws {
        if let records = try panes.records(context) {
            let runs = try await PolicyExplainer.explain(pane: agent, in: records, context.surroundings)
            return context.console.render(ExplanationView(runs: runs), json: context.json)
        }
        let fleet = try await FleetContext.open(context.surroundings)
        let outcome = try await PolicyExplainer(context: fleet).explain(agent)
        let (_, branch) = try await fleet.policySubject(named: agent)
        // Of a branch that is gone only the runs are left.
        let report = try? await GateReport(context: fleet).report(of: branch)
        let gates = report.flatMap { $0.standings.isEmpty ? nil : GatesView(report: $0) }
        context.console.render(
            ExplanationView(runs: outcome.runs, waiting: outcome.waiting, gates: gates), json: context.json)
        if let warning = try await PolicyStanding.now(in: fleet)?.warning { context.console.hint(warning) }
        if outcome.runs.isEmpty { context.console.hint("No pipeline has begun for this agent yet") }
    }
}

private struct ExplanationView: Renderable {
    var runs: [PolicyExplanation]
    var waiting: [(pipeline: String, startsOn: String)] = []
    /// What stands before a push of the branch.
    var gates: GatesView?

    var json: JSONValue {
        [
            "gates": gates?.gates ?? [],
            "waiting": .array(
                waiting.map { ["pipeline": .string($0.pipeline), "begins_on": .string($0.startsOn)] }),
            "runs": .array(
                runs.map { run in
                    [
                        "run": .string(run.run.rawValue), "pipeline": .string(run.pipeline),
                        "state": .string(run.state.rawValue),
                        "stages": .array(
                            run.lines.map { line in
                                var object: JSONObject = [
                                    "name": .string(line.stage), "status": .string(line.state.rawValue),
                                ]
                                object.set("attempt", line.attempt)
                                object.set("waits_for", line.text)
                                object.set("until", line.until)
                                return .object(object)
                            }),
                    ]
                }),
        ]
    }

    func text(_ style: Style) -> String {
        let told = runs.map { run in
            let head =
                "\(style.heading(run.pipeline.visible))  \(run.state.rawValue)  \(style.dim(run.run.rawValue))"
            let lines = run.lines.map { "  \($0.state.mark)\($0.stage.visible): \($0.text.visible)" }
            return ([head] + lines).joined(separator: "\n")
        }
        let coming = waiting.map { "\(style.heading($0.pipeline.visible))  begins on \($0.startsOn.visible)" }
        return (told + coming + (gates.map { [$0.text(style)] } ?? [])).joined(separator: "\n\n")
    }
}
