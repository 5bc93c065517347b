internal import ArgumentParser
internal import Core
internal import Fleet
internal import SystemPackage

struct HooksCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "hooks", abstract: "Let git and the agents' programs tell the fleet what happens",
        subcommands: [HooksInstall.self, HooksUninstall.self, HooksStatus.self])
}

struct HooksInstall: AgentCommand {
    static let configuration = CommandConfiguration(
        commandName: "install", abstract: "Add hooks beside what is there",
        discussion: """
            For git, a marked block in each hook. For claude and codex, commands in their
            settings that tell the fleet of the agent's state at once; nothing else in the
            file changes.

              tmux-agent hooks install
              tmux-agent hooks install claude
              tmux-agent hooks install claude --scope local
              tmux-agent hooks install codex
            """)

    @OptionGroup var global: GlobalOptions
    @OptionGroup var place: HookPlace

    func run(_ context: CommandContext) async throws {
        let fleet = try await FleetContext.open(context.surroundings)
        try fleet.requireTrust()
        if let agent = try place.agentHooks(fleet, try await place.checkout(context)) {
            context.console.render(HooksView(result: try agent.install()), json: context.json)
            if place.owner == .codex { context.console.hint("Codex asks once whether it may run new hooks") }
            return
        }
        context.console.render(
            HooksView(result: try await GitHooks(context: fleet).install()), json: context.json)
    }
}

struct HooksUninstall: AgentCommand {
    static let configuration = CommandConfiguration(
        commandName: "uninstall", abstract: "Take the hooks out again",
        discussion: """
            A file that nobody else edited since is as it was before, byte for byte.

              tmux-agent hooks uninstall
              tmux-agent hooks uninstall claude
            """)

    @OptionGroup var global: GlobalOptions
    @OptionGroup var place: HookPlace

    func run(_ context: CommandContext) async throws {
        let fleet = try await FleetContext.open(context.surroundings)
        if let agent = try place.agentHooks(fleet, try await place.checkout(context)) {
            return context.console.render(
                HooksView(result: try agent.uninstall()), json: context.json)
        }
        context.console.render(
            HooksView(result: try await GitHooks(context: fleet).uninstall()), json: context.json)
    }
}

struct HooksStatus: AgentCommand {
    static let configuration = CommandConfiguration(
        commandName: "status", abstract: "Show which hooks tell the fleet",
        discussion: """
              tmux-agent hooks status
              tmux-agent hooks status claude
            """)

    @OptionGroup var global: GlobalOptions
    @OptionGroup var place: HookPlace

    func run(_ context: CommandContext) async throws {
        let fleet = try await FleetContext.open(context.surroundings)
        if let agent = try place.agentHooks(fleet, try await place.checkout(context)) {
            return context.console.render(
                HooksView(result: try agent.status()), json: context.json)
        }
        context.console.render(
            HooksView(result: try await GitHooks(context: fleet).status()), json: context.json)
    }
}

private struct HooksView: Renderable {
    var result: HookInstallation

    var json: JSONValue {
        var object: JSONObject = ["hooks": .array(result.json)]
        object.set("advice", result.advice)
        object.set("line_to_add", result.lineToAdd)
        object.set("gate_to_add", result.gateToAdd)
        object.set("manager", result.manager?.rawValue)
        return .object(object)
    }

    func text(_ style: Style) -> String { result.lines(style).joined(separator: "\n") }
}

extension HookInstallation {
    var json: [JSONValue] {
        hooks.map {
            [
                "name": .string($0.name), "path": .string($0.path.string),
                "state": .string($0.state.rawValue),
                "reason": $0.reason.map { .string($0) } ?? .null,
            ]
        }
    }

    func lines(_ style: Style) -> [String] {
        var lines = hooks.map { hook in
            let word = hook.state == .foreign ? style.warning("left alone") : hook.state.rawValue
            return "\(word)  \(hook.path.string.isEmpty ? hook.name : hook.path.string.visible)"
                + (hook.reason.map { " (\($0))" } ?? "")
        }
        if let lineToAdd {
            lines.append(
                "These hooks belong to somebody else. To have them tell the fleet, add this line to each:")
            lines.append("  \(lineToAdd)")
        }
        if hooks.contains(where: { !$0.isShell }) {
            lines.append(
                "A hook that is no shell script cannot hold this: save it as a script and have the hook run 'sh THE-SCRIPT' in the same folder with the same arguments and input."
            )
        }
        if let gateToAdd {
            lines.append("For gates, add this to the pre-push hook, behind its first line:")
            lines += gateToAdd.split(separator: "\n").map { "  \($0)" }
        }
        if let advice { lines.append("\(advice.visible).") }
        if let manager { lines.append("Note: \(manager.note).") }
        return lines
    }
}
