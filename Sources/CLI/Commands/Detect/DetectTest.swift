internal import ArgumentParser
internal import Core
internal import SystemPackage
internal import Watch

struct DetectTest: AgentCommand {
    static let configuration = CommandConfiguration(
        commandName: "test", abstract: "Hold the rules against recordings whose true states are known",
        discussion: """
            A recording is NAME.tap with NAME.json beside it: agent, cols, rows, resizes and
            checkpoints with offset, state and, if they matter, waiting_for and markers.
            Exit status 1 when a checkpoint is judged wrong.

              tmux-agent detect test recordings
            """)

    @OptionGroup var global: GlobalOptions
    @Argument(help: "The folder of recordings") var folder: String

    func run(_ context: CommandContext) async throws {
        let library = try await DetectionView.library(context)
        let path = context.surroundings.workingDirectory.pushing(FilePath(folder))
        let results = try DetectionTest(library: library).run(folder: path)
        context.console.render(DetectTestView(results: results), json: context.json)
        if results.contains(where: { !$0.isRight }) { throw ExitCode(ExitStatus.notAchieved.rawValue) }
    }
}

private struct DetectTestView: Renderable {
    var results: [DetectionTest.Result]

    private var wrong: Int { results.count { !$0.isRight } }

    var json: JSONValue {
        [
            "right": .integer(Int64(results.count - wrong)), "wrong": .integer(Int64(wrong)),
            "checkpoints": .array(
                results.map { result in
                    var object: JSONObject = [
                        "recording": .string(result.recording), "checkpoint": .string(result.checkpoint),
                        "kind": .string(result.kind.rawValue), "right": .bool(result.isRight),
                        "expected": .string(result.expected.state), "state": .string(result.state.rawValue),
                        "offset": .integer(Int64(result.expected.offset)),
                        "markers": .integer(Int64(result.markers)),
                    ]
                    object.set("waiting_for", result.waitingFor?.rawValue)
                    object.set("expected_waiting_for", result.expected.waitingFor)
                    object.set("expected_markers", result.expected.markers)
                    object.set("rule", result.rule)
                    return .object(object)
                }),
        ]
    }

    func text(_ style: Style) -> String {
        var table = Table(header: ["", "RECORDING", "CHECKPOINT", "TRUE", "READ", "RULE"])
        for result in results {
            let isRight = result.isRight
            table.rows.append([
                .init(isRight ? "right" : "wrong", style: isRight ? style.success : style.warning),
                .init(result.recording), .init(result.checkpoint), .init(result.trueWords),
                .init(result.readWords),
                .init(result.rule ?? "none"),
            ])
        }
        let sum = "\(results.count - wrong) of \(results.count) checkpoints are right."
        return [table.text(style), "", wrong == 0 ? sum : style.warning(sum)].joined(separator: "\n")
    }
}

extension DetectionTest.Result {
    fileprivate var trueWords: String {
        words(expected.state, expected.waitingFor, expected.markers == markers ? nil : expected.markers)
    }

    fileprivate var readWords: String {
        let shown = expected.markers == nil || expected.markers == markers ? nil : markers
        return words(state.rawValue, expected.waitingFor == nil ? nil : waitingFor?.rawValue, shown)
    }

    private func words(_ state: String, _ waitingFor: String?, _ markers: Int?) -> String {
        var text = state
        if let waitingFor { text += " (\(waitingFor))" }
        if let markers { text += ", \(markers) marker\(markers == 1 ? "" : "s")" }
        return text
    }
}
