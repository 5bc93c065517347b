internal import ArgumentParser

struct NotifyCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "notify", abstract: "Try channels, and send again what did not get through",
        discussion: """
              tmux-agent notify test wecom
              tmux-agent notify dead
              tmux-agent notify retry --all
              tmux-agent notify key
            """,
        subcommands: [NotifyTest.self, NotifyDead.self, NotifyRetry.self, NotifyKey.self])
}
