internal import ArgumentParser
internal import Core
internal import Fleet
internal import SystemPackage

struct TrustCommand: AgentCommand {
    static let configuration = CommandConfiguration(
        commandName: "trust",
        abstract: "Let what .tmuxagent/ names run on this machine",
        discussion: """
            A .tmuxagent/ that came with a clone runs nothing until you read it and trust
            it, once per place.

              tmux-agent trust
              tmux-agent trust --remove
            """)

    @OptionGroup var global: GlobalOptions

    @Flag(name: .long, help: "Take trust back; what runs already goes on")
    var remove = false

    func run(_ context: CommandContext) async throws {
        let trust = Fleet.Trust(surroundings: context.surroundings)
        if remove {
            let root = try await trust.distrust()
            context.console.render(TrustView(root: root.string, state: "removed"), json: context.json)
        } else {
            let (root, isNew) = try await trust.trust()
            context.console.render(
                TrustView(root: root.string, state: isNew ? "given" : "kept"), json: context.json)
        }
    }
}

private struct TrustView: Renderable {
    var root: String
    var state: String

    var json: JSONValue { ["root": .string(root), "trust": .string(state)] }

    func text(_ style: Style) -> String {
        switch state {
        case "removed": "Trust in \(root.visible) is taken back."
        case "given": "\(root.visible) is trusted now."
        default: "\(root.visible) was trusted before."
        }
    }
}
