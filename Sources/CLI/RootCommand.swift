internal import ArgumentParser

/// `tmux-agent`: the list of all commands.
struct RootCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "tmux-agent",
        abstract: "Run a fleet of coding agents on a git repository",
        discussion: """
            Each agent is a git worktree, a tmux session and a template.

              tmux-agent init                              set a repository up
              tmux-agent spawn feature/x --template qa-template --task "Check the login"
              tmux-agent sessions                          what the agents do now
              tmux-agent up                                watch them and run the policy
            """,
        version: version,
        subcommands: [
            Init.self, TrustCommand.self, Templates.self, Spawn.self, Sessions.self, Status.self,
            Attach.self, Pick.self, Send.self, Logs.self, Diff.self, Remove.self, DoctorCommand.self,
            Up.self, Down.self, DashboardCommand.self, PortalCommand.self,
            ApprovalsCommand.self, Approve.self, Reject.self, Emit.self,
            PolicyCommand.self, Replay.self, TasksCommand.self, Orchestrate.self,
            HooksCommand.self, AgentHookCommand.self, Gates.self, BlameAgent.self,
            NotifyCommand.self, BusCommand.self, RelayCommand.self, Run.self,
            Inspect.self, DetectCommand.self,
            Completions.self, Complete.self, RunAction.self, PrePush.self,
        ])

    static let version = "0.1.0"

    /// The command that was asked for; help, and what is wrong, is worded by this type.
    ///
    /// Throws ``CLIError/unknownCommand(_:group:known:)`` and what ArgumentParser throws.
    static func parsed(_ arguments: [String]) throws -> any ParsableCommand {
        if let word = arguments.first, let type = command(called: word),
            let command = quickly(type, arguments)
        {
            return command
        }
        if let error = unknownCommand(in: arguments) { throw error }
        return try parseAsRoot(arguments)
    }

    /// The command with this name or alias.
    static func command(called word: String) -> (any ParsableCommand.Type)? {
        configuration.subcommands.first { $0.isCalled(word) }
    }

    private static func quickly<Command: ParsableCommand>(
        _ type: Command.Type, _ arguments: [String]
    ) -> (any AgentCommand)? {
        try? QuickRoot<Command>.parseAsRoot(arguments) as? any AgentCommand
    }

    /// One command without its siblings, and without the look for `--generate-completion-script`, which ArgumentParser
    /// does at every start of a program that stands under no other: a fifth of what `sessions` takes.
    private struct QuickRoot<Command: ParsableCommand>: ParsableCommand {
        static var configuration: CommandConfiguration {
            CommandConfiguration(
                commandName: "tmux-agent", _superCommandName: "", subcommands: [Command.self])
        }
    }

    /// A word that should name a command and names none; the parser would call it an unexpected argument and name none.
    ///
    /// Groups take no arguments of their own, so the word behind one is a command, too.
    private static func unknownCommand(in arguments: [String]) -> CLIError? {
        var (group, path) = (configuration, "")
        for word in arguments.prefix(2) {
            guard !word.hasPrefix("-"), !group.subcommands.isEmpty else { return nil }
            var known = path.isEmpty ? ["help"] : []
            var next: CommandConfiguration?
            for command in group.subcommands {
                let configuration = command.configuration
                if command.isCalled(word) { next = configuration }
                if configuration.shouldDisplay { known += [command._commandName] + configuration.aliases }
            }
            guard let next else {
                return known.contains(word) ? nil : .unknownCommand(word, group: path, known: known)
            }
            (group, path) = (next, path + word + " ")
        }
        return nil
    }
}

extension ParsableCommand {
    fileprivate static func isCalled(_ word: String) -> Bool {
        // Every command names itself: a name made from the type costs a scan over all types of the program.
        _commandName == word || configuration.aliases.contains(word)
    }
}
