internal import Core
internal import SystemPackage

/// What is wrong with a command line before any command sees it.
enum CLIError: Error, Equatable {
    /// `group`: the words before it, each with a space behind it.
    case unknownCommand(String, group: String, known: [String])
    case noSuchFolder(FilePath)
    /// A full-screen command without a person's terminal.
    case needsTerminal(String)
    /// There is nothing to choose from.
    case noAgents
}

extension CLIError: UserFacingError {
    var code: String {
        switch self {
        case .unknownCommand: "unknown_command"
        case .noSuchFolder: "no_such_folder"
        case .needsTerminal: "needs_terminal"
        case .noAgents: "no_agents"
        }
    }

    var message: String {
        switch self {
        case .unknownCommand(let name, let group, _): "No command is called '\(group)\(name)'"
        case .noSuchFolder(let path): "There is no folder \(path)"
        case .needsTerminal(let command): "'tmux-agent \(command)' needs a terminal"
        case .noAgents: "No agents yet"
        }
    }

    var hint: String? {
        switch self {
        case .unknownCommand(let name, let group, let known):
            didYouMean(name, among: known).map { "Did you mean 'tmux-agent \(group)\($0)'?" }
                ?? "Run 'tmux-agent \(group)--help' to see all commands"
        case .noSuchFolder: "Give -C a folder of the repository"
        case .needsTerminal("attach"): "Scripts use 'tmux-agent logs' and 'tmux-agent send'"
        case .needsTerminal("pick"):
            "Run it in a terminal, without redirecting its input; --print prints the choice"
        case .noAgents: "tmux-agent spawn BRANCH --task \"…\""
        case .needsTerminal: "Scripts use 'tmux-agent status --json' or 'tmux-agent sessions --json'"
        }
    }

    var exitStatus: ExitStatus {
        switch self {
        case .unknownCommand: .usage
        case .noSuchFolder, .noAgents: .notAchieved
        case .needsTerminal: .usage
        }
    }
}
