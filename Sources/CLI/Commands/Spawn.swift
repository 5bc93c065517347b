internal import ArgumentParser
internal import Config
internal import Core
internal import Fleet
internal import ProcessKit
internal import Store
internal import SystemPackage

struct Spawn: AgentCommand {
    static let configuration = CommandConfiguration(
        commandName: "spawn",
        abstract: "Start an agent on a branch of its own",
        discussion: """
            Makes the branch, a worktree and a tmux session, starts the agent and briefs
            it with the template, then the task. A living agent is left as it is; a dead
            one is started again in its worktree.

              tmux-agent spawn feature/x --template qa-template --task "Check the login"
              tmux-agent spawn fix/crash --agent codex --task-file crash.md
              git log -1 | tmux-agent spawn review/last --template code-review --task -
            """)

    @OptionGroup var global: GlobalOptions
    @Argument(
        help: "The agent's branch: new, existing or on a remote", completion: .shellCommand(Complete.branches)
    )
    var branch: String
    @Option(
        name: .long, help: "Template that briefs the agent (see 'templates')",
        completion: .shellCommand(Complete.templates))
    var template: String?
    @Option(name: .long, help: "What the agent shall do; '-' reads standard input") var task: String?
    @Option(name: .long, help: ArgumentHelp("File with the task", valueName: "path")) var taskFile: String?
    @Option(
        name: .long, help: ArgumentHelp("Profile of fleet.toml that starts the agent", valueName: "profile"),
        completion: .shellCommand(Complete.profiles))
    var agent: String?
    @Option(name: .long, help: "Model that the profile's command gets") var model: String?
    @Option(
        name: .long, help: ArgumentHelp("Command to start instead of the profile's", valueName: "command"))
    var startup: String?
    @Option(
        name: .long, help: ArgumentHelp("Where a new branch starts (default: HEAD)", valueName: "revision"),
        completion: .shellCommand(Complete.branches))
    var base: String?
    @Flag(name: .customLong("no-worktree"), help: "Run in the main checkout") var noWorktree = false
    @Flag(name: .long, help: "Attach to the agent's session afterwards") var attach = false
    @Flag(name: .long, help: "Agree to the setup commands of fleet.toml") var yes = false

    func validate() throws {
        if task != nil, taskFile != nil { throw ValidationError("Give --task or --task-file, not both") }
        if task == "" { throw ValidationError("--task is empty: say what to do, or leave it out") }
        if startup == "" { throw ValidationError("--startup is empty: give a command, or leave it out") }
    }

    func run(_ context: CommandContext) async throws {
        let fleet = try await FleetContext.open(context.surroundings)
        for warning in fleet.warnings { context.console.warning(warning.rendered) }
        let request = SpawnRequest(
            branch: branch, template: template, task: try readTask(context), profile: agent, model: model,
            startup: startup, base: base, usesMainCheckout: noWorktree, agreesToSetup: yes)
        let result = try await spawn(request, fleet, context)
        context.console.render(SpawnView(result: result), json: context.json)
        if !context.json { say(result, of: request, context.console) }
        if attach { try await Attach.attach(to: result.agent.id.rawValue, context) }
    }

    /// Spawns; on a terminal a person is asked about setup commands that nobody agreed to yet.
    private func spawn(_ request: SpawnRequest, _ fleet: FleetContext, _ context: CommandContext) async throws
        -> SpawnResult
    {
        let console = context.console
        let spawner = Spawner(context: fleet) { [branch] step in
            InterruptNotice.set(step.notice(branch), console, json: context.json)
            if console.isErrTerminal { console.note(step.words) }
        }
        defer { InterruptNotice.clear() }
        do {
            return try await spawner.spawn(request)
        } catch FleetError.setupNeedsConsent(let commands, let template)
            where console.isInTerminal && !context.json
        {
            let whose = template.map { "Template '\($0)'" } ?? "fleet.toml"
            console.note("\(whose) wants to run in the new worktree:")
            for command in commands { console.note("  \(command.visible)") }
            guard console.confirm("Agree?") else {
                throw FleetError.setupNeedsConsent(commands: commands, template: template)
            }
            var agreed = request
            agreed.agreesToSetup = true
            return try await spawner.spawn(agreed)
        }
    }

    private func readTask(_ context: CommandContext) throws -> String? {
        if let taskFile {
            let path = context.surroundings.workingDirectory.pushing(FilePath(taskFile))
            guard let text = try Files.readText(path) else {
                throw FleetError.fileUnreadable(path, reason: "there is no such file")
            }
            return text
        }
        return try task == "-" ? StandardInput.read() : task
    }

    private func say(_ result: SpawnResult, of request: SpawnRequest, _ console: Console) {
        for warning in result.warnings { console.warning(warning) }
        if let briefing = result.briefing, briefing.stage != .accepted {
            console.warning(
                "briefing: \(briefing.stage.rawValue)" + (briefing.detail.map { ", \($0.visible)" } ?? ""))
        }
        if result.outcome == .alreadyRunning, let task = request.task, task != result.agent.program.task {
            console.hint(
                "It was not told the new task: tmux-agent send \(result.agent.place.branch.visible) \"…\"")
        }
        if !result.isWatched {
            console.hint(
                "No daemon watches this fleet: run 'tmux-agent up' to follow markers and run the policy")
        }
    }
}

struct SpawnView: Renderable {
    var result: SpawnResult

    var json: JSONValue {
        let agent = result.agent
        var object: JSONObject = [
            "outcome": .string(result.outcome.rawValue), "id": .string(agent.id.rawValue),
        ]
        object.set("branch", agent.place.branch)
        object.set("worktree", agent.place.worktree.string)
        object.set("session", agent.place.session.rawValue)
        object.set("pane", agent.pane?.pane.description)
        object.set("template", agent.program.template)
        object.set("model", agent.program.model)
        object["made_branch"] = .bool(result.madeBranch)
        object["copied"] = .array(result.copied.map { .string($0) })
        object["linked"] = .array(result.linked.map { .string($0) })
        object.set("briefing", result.briefing?.stage.rawValue)
        object["watched"] = .bool(result.isWatched)
        return .object(object)
    }

    func text(_ style: Style) -> String {
        let agent = result.agent
        let name = style.agentName(agent.place.branch.visible)
        var text =
            switch result.outcome {
            case .started: "Started \(name)"
            case .restarted: "Started \(name) again"
            case .alreadyRunning: "\(name) is running already"
            }
        text += " in session \(agent.place.session.rawValue.visible)"
        if let briefing = result.briefing { text += ", briefing \(briefing.stage.rawValue)" }
        return text + ".\n" + style.dim("worktree  \(agent.place.worktree.string.visible)")
    }
}

extension SpawnStep {
    var words: String {
        switch self {
        case .branch(let name, let isNew): "\(isNew ? "Making" : "Using") branch \(name.visible) …"
        case .worktree(let path): "Making the worktree \(path.visible) …"
        case .waitingForProcess(let pid):
            "Waiting for process \(pid) of the spawn that was killed, which still works in the worktree …"
        case .setup(let command): "Running \(command.visible) …"
        case .session(let name): "Starting the session \(name.visible) …"
        case .waitingUntilReady: "Waiting until the agent is ready …"
        case .briefing: "Delivering the briefing …"
        }
    }

    /// What somebody should know who ends `spawn` in this step.
    func notice(_ branch: String) -> String {
        let again = "'tmux-agent spawn \(branch)'"
        return switch self {
        case .waitingUntilReady, .briefing:
            "Interrupted: the agent runs without its briefing; \(again) or the daemon delivers it"
        default: "Interrupted: \(again) goes on with it, 'tmux-agent doctor --fix' takes it back"
        }
    }
}
