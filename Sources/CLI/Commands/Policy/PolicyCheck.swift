internal import ArgumentParser
internal import Config
internal import Core
internal import Fleet
internal import ProcessKit
internal import SystemPackage

struct PolicyCheck: AgentCommand {
    static let configuration = CommandConfiguration(
        commandName: "check", abstract: "Print every problem of a policy file at once",
        discussion: """
            Without a file it is the fleet's own. Exit status 78 when the file cannot be
            used.

              tmux-agent policy check
              tmux-agent policy check examples/policy.yaml --json
            """)

    @OptionGroup var global: GlobalOptions
    @Argument(help: "The file (default: the fleet's policy)") var file: String?
    @Flag(name: .long, help: "Read it as for panes that were not spawned here") var classic = false

    func run(_ context: CommandContext) async throws {
        let result = try await Fleet.PolicyCheck(surroundings: context.surroundings).check(
            file: file, isClassic: classic)
        context.console.render(PolicyCheckView(result: result), json: context.json)
        if result.hasErrors, result.standing != nil {
            context.console.hint("The daemon goes on with the last good policy until this one can be used")
        }
        if result.hasErrors { throw ExitCode(ExitStatus.unusableSettings.rawValue) }
    }
}

private struct PolicyCheckView: Renderable {
    var result: Fleet.PolicyCheck.Outcome

    var json: JSONValue {
        [
            "file": .string(result.file), "usable": .bool(!result.hasErrors),
            "pipelines": .integer(Int64(result.pipelines)),
            "in_force": result.standing.map { .bool($0.refused == nil) } ?? .null,
            "problems": .array(
                result.problems.map { problem in
                    var object: JSONObject = [
                        "severity": .string(problem.severity.rawValue), "message": .string(problem.message),
                    ]
                    object.set("line", problem.position.line)
                    object.set("column", problem.position.column)
                    object.set("suggestion", problem.suggestion)
                    return .object(object)
                }),
        ]
    }

    func text(_ style: Style) -> String {
        if result.problems.isEmpty {
            return
                "\(result.file.visible): \(style.success("good")), \(result.pipelines) pipeline\(result.pipelines == 1 ? "" : "s")."
        }
        return result.problems.map(\.rendered).joined(separator: "\n")
    }
}
