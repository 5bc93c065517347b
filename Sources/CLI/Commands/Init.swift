internal import ArgumentParser
internal import Core
internal import Fleet
internal import SystemPackage

struct Init: AgentCommand {
    static let configuration = CommandConfiguration(
        commandName: "init",
        abstract: "Set this repository up for a fleet of agents",
        discussion: """
            Makes .tmuxagent/ with fleet.toml, a policy and templates. What is there
            already is kept.

              tmux-agent init
              tmux-agent init --template-set qa-template --template-set docs --hooks
            """)

    @OptionGroup var global: GlobalOptions

    @Option(
        name: .long,
        help: ArgumentHelp(
            "Built-in template to write out (can be repeated; default: all)", valueName: "name"))
    var templateSet: [String] = []

    @Flag(
        name: .long, inversion: .prefixedNo,
        help: "Install git hooks that tell the fleet of commits and merges")
    var hooks: Bool?

    func run(_ context: CommandContext) async throws {
        let result = try await Initializer(surroundings: context.surroundings)
            .initialize(templates: templateSet.isEmpty ? nil : templateSet)
        var hookResult: HookInstallation?
        if wantsHooks(context) {
            hookResult = try await GitHooks(context: FleetContext.open(context.surroundings)).install()
        }
        context.console.render(InitView(result: result, hooks: hookResult), json: context.json)
        context.console.hint(
            result.isTrusted
                ? "Next: tmux-agent spawn BRANCH --template implementation --task \"…\""
                : "This .tmuxagent/ was here before: read it, then run 'tmux-agent trust'")
    }

    /// Said on the command line, or answered on a terminal; otherwise no.
    private func wantsHooks(_ context: CommandContext) -> Bool {
        if let hooks { return hooks }
        guard context.console.isInTerminal, context.console.isErrTerminal, !context.json else { return false }
        return context.console.confirm("Install git hooks, so that commits can start stages?")
    }
}

struct InitView: Renderable {
    var result: InitResult
    var hooks: HookInstallation?

    var json: JSONValue {
        var object: JSONObject = ["root": .string(result.root.string)]
        object["files"] = .array(
            result.files.map { ["path": .string($0.path), "state": .string($0.isNew ? "made" : "kept")] })
        object["trusted_now"] = .bool(result.isNewlyTrusted)
        object["trusted"] = .bool(result.isTrusted)
        if let hooks { object["hooks"] = .array(hooks.json) }
        return .object(object)
    }

    func text(_ style: Style) -> String {
        var lines = result.files.map { file in
            "\(file.isNew ? style.success("made") : style.dim("kept"))  \(file.path.visible)"
        }
        if let hooks { lines += hooks.lines(style) }
        return lines.joined(separator: "\n")
    }
}
