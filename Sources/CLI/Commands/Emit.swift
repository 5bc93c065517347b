internal import ArgumentParser
internal import Core
internal import Fleet

struct Emit: AgentCommand {
    static let configuration = CommandConfiguration(
        commandName: "emit",
        abstract: "Report from inside an agent, exactly once and without a screen",
        discussion: """
            A type in capitals is a marker (STATUS, ASK, ERROR, or your own); one in lower
            case is a named signal for 'signal:' conditions. The agent is the one that the
            command runs in, or that of --branch.

              tmux-agent emit STATUS --stage lint --ok --summary "0 problems"
              tmux-agent emit ASK --stage deploy --summary "Deploy now?"
              tmux-agent emit nightly --branch feature/x
            """)

    @OptionGroup var global: GlobalOptions
    @Argument(help: "STATUS, ASK, ERROR, another type, or a signal's name in lower case") var type: String
    @Option(name: .long, help: "The stage that the report is about") var stage: String?
    @Flag(name: .long, help: "The stage went well") var ok = false
    @Flag(name: .long, help: "The stage failed") var fail = false
    @Option(name: .long, help: "One line for people") var summary: String?
    @Option(name: .long, help: "Makes the report count once for good") var id: String?
    @Option(name: .long, help: "The task's phase, for the orchestrator") var phase: String?
    @Option(name: .long, help: "Speak for the agent of this branch") var branch: String?
    @Option(
        name: .customLong("payload"), help: ArgumentHelp("More fields, as a JSON object", valueName: "json"))
    var payload: String?

    func validate() throws {
        if ok, fail { throw ValidationError("Give --ok or --fail, not both") }
        if type.isEmpty || type.contains(where: \.isWhitespace) {
            throw ValidationError("A type is one word")
        }
    }

    func run(_ context: CommandContext) async throws {
        let fleet = try await FleetContext.open(context.surroundings)
        let (subject, isNew) = try await Emitter(context: fleet).emit(try report(), branch: branch)
        context.console.render(EmitView(type: type, subject: subject.key, isNew: isNew), json: context.json)
    }

    private func report() throws -> Emitter.Report {
        var object = JSONObject()
        if let payload {
            guard case .object(let more)? = try? JSONValue.parse(payload) else {
                throw ValidationError("--payload must be one JSON object, such as '{\"count\": 3}'")
            }
            object = more
        }
        if let stage { object["stage"] = .string(stage) }
        if ok || fail { object["ok"] = .bool(ok) }
        if let summary { object["summary"] = .string(summary) }
        if let id { object["id"] = .string(id) }
        if let phase { object["phase"] = .string(phase) }
        if type == type.lowercased() { return .signal(type, payload: object) }
        object["type"] = .string(type)
        return .marker(object)
    }
}

private struct EmitView: Renderable {
    var type: String
    var subject: String
    var isNew: Bool

    var json: JSONValue { ["type": .string(type), "subject": .string(subject), "counted": .bool(isNew)] }

    func text(_ style: Style) -> String { isNew ? "" : "\(type.visible) with this id counted before." }
}
