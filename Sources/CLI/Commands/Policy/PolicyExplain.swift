internal import ArgumentParser
internal import Core
internal import Fleet

struct PolicyExplain: AgentCommand {
    static let configuration = CommandConfiguration(
        commandName: "explain", abstract: "Say what each stage of an agent's runs waits for now",
        discussion: "  tmux-agent policy explain feature/x")

    @OptionGroup var global: GlobalOptions
    @Argument(help: "The agent's branch, id or session, or the main checkout's branch") var agent: String

    func run(_ context: CommandContext) async throws {
        let fleet = try await FleetContext.open(context.surroundings)
        let runs = try await PolicyExplainer(context: fleet).explain(agent)
        context.console.render(ExplanationView(runs: runs), json: context.json)
        if let warning = try await PolicyStanding.now(in: fleet)?.warning { context.console.hint(warning) }
        if runs.isEmpty { context.console.hint("No pipeline has begun for this agent yet") }
    }
}

private struct ExplanationView: Renderable {
    var runs: [PolicyExplanation]

    var json: JSONValue {
        [
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
                })
        ]
    }

    func text(_ style: Style) -> String {
        runs.map { run in
            let head =
                "\(style.heading(run.pipeline.visible))  \(run.state.rawValue)  \(style.dim(run.run.rawValue))"
            let lines = run.lines.map { "  \($0.state.mark)\($0.stage.visible): \($0.text.visible)" }
            return ([head] + lines).joined(separator: "\n")
        }.joined(separator: "\n\n")
    }
}
