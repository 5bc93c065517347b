internal import ArgumentParser
internal import Config
internal import Core
internal import Fleet
internal import GitKit
internal import Store

struct Completions: AgentCommand {
    static let configuration = CommandConfiguration(
        commandName: "completions",
        abstract: "Print a completion script for a shell",
        discussion: """
            Branches of agents, branches of git and templates are completed as they are at that moment.

              tmux-agent completions bash > ~/.local/share/bash-completion/completions/tmux-agent
              tmux-agent completions zsh > ~/.zfunc/_tmux-agent      with ~/.zfunc in fpath
              tmux-agent completions fish > ~/.config/fish/completions/tmux-agent.fish
            """)

    enum Shell: String, ExpressibleByArgument, CaseIterable { case bash, zsh, fish }

    @OptionGroup var global: GlobalOptions
    @Argument(help: "bash, zsh or fish") var shell: Shell

    func run(_ context: CommandContext) async throws {
        let script = RootCommand.completionScript(for: CompletionShell(rawValue: shell.rawValue) ?? .bash)
        if context.json {
            return context.console.result(JSONValue.object(["script": .string(script)]).prettyPrinted())
        }
        context.console.raw(script)
    }
}

/// What the completion scripts ask while a person types: one candidate per line, and silence instead of errors.
struct Complete: AgentCommand {
    static let configuration = CommandConfiguration(
        commandName: "complete", abstract: "Print candidates for completion scripts", shouldDisplay: false)

    enum Words: String, ExpressibleByArgument, CaseIterable { case agents, branches, templates, profiles }

    static let agents = "tmux-agent complete agents 2>/dev/null"
    static let branches = "tmux-agent complete branches 2>/dev/null"
    static let templates = "tmux-agent complete templates 2>/dev/null"
    static let profiles = "tmux-agent complete profiles 2>/dev/null"

    @OptionGroup var global: GlobalOptions
    @Argument var words: Words

    func run(_ context: CommandContext) async throws {
        let fleet = try await FleetContext.open(context.surroundings)
        let candidates =
            switch words {
            case .agents: try await fleet.store.agents().map(\.place.branch)
            case .branches: try await fleet.repository.branches().map(\.name.rawValue)
            case .templates: try fleet.templates().templates.map(\.name)
            case .profiles: fleet.configuration.profiles.keys.sorted()
            }
        // Shells split candidates at line ends and words; no branch or template that people use has such characters.
        for word in candidates
        where !word.contains(where: { $0.isWhitespace || "'\"\\$`;&|()<>".contains($0) }) {
            context.console.result(word)
        }
    }
}
