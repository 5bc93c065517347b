internal import ArgumentParser
internal import Core
internal import Fleet
internal import Store

struct Pick: AgentCommand {
    static let configuration = CommandConfiguration(
        commandName: "pick",
        abstract: "Choose an agent from a list and go to its session",
        discussion: """
            Type to narrow the list down, Enter goes, Esc leaves. Made for a popup, which
            stays open with -EE when there is nothing to choose:

              tmux bind-key a display-popup -EE -w 80% -h 60% "tmux-agent pick"
              tmux-agent pick login
              tmux-agent pick --print
            """)

    @OptionGroup var global: GlobalOptions
    @Argument(help: "What to narrow the list down by at first") var words: String = ""
    @Flag(name: .customLong("print"), help: "Print the branch instead of going there") var printsBranch =
        false

    func run(_ context: CommandContext) async throws {
        let fleet = try await FleetContext.open(context.surroundings)
        let agents = try await SessionList(context: fleet).load()
        guard !agents.isEmpty else { throw CLIError.noAgents }
        guard let chosen = try await choose(PickList(agents, words: words), context) else { return }
        if printsBranch || context.json {
            return context.console.render(
                PickedView(branch: chosen.agent.place.branch, id: chosen.agent.id), json: context.json)
        }
        let (arguments, environment) = try await Attacher(context: fleet).command(
            for: chosen.agent.id.rawValue)
        try Exec.become(arguments, environment: environment)
    }

    private func choose(_ list: PickList, _ context: CommandContext) async throws -> AgentSnapshot? {
        guard let screen = FullScreen(leavingOutput: printsBranch || context.json) else {
            throw CLIError.needsTerminal("pick")
        }
        defer { screen.close() }
        var list = list
        let style = context.console.out
        screen.show(list.frame(screen.size, style, now: context.surroundings.now()))
        for await event in screen.events {
            switch event {
            case .key(let key):
                switch list.receive(key) {
                case .chosen(let agent): return agent
                case .left: return nil
                case nil: break
                }
            case .resized: screen.forgetShown()
            case .changed: break
            case .ended: return nil
            }
            screen.show(list.frame(screen.size, style, now: context.surroundings.now()))
        }
        return nil
    }
}

private struct PickedView: Renderable {
    var branch: String
    var id: AgentID
    var json: JSONValue { ["branch": .string(branch), "id": .string(id.rawValue)] }
    func text(_ style: Style) -> String { branch.visible }
}
