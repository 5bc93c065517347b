internal import ArgumentParser
internal import Core
internal import Fleet
internal import GitKit
internal import SystemPackage

/// Whose hooks are meant, and in which settings.
struct HookPlace: ParsableArguments {
    enum Owner: String, ExpressibleByArgument, CaseIterable { case git, claude, codex }

    enum Scope: String, ExpressibleByArgument, CaseIterable { case user, project, local }

    @Argument(help: "git, claude or codex") var owner: Owner = .git
    @Option(
        name: .long,
        help: "Of an agent's program: its settings of the user, the project, or this checkout alone (local)")
    var scope: Scope = .user

    /// Nil for git.
    func agentHooks(_ fleet: FleetContext, _ checkout: FilePath) throws -> AgentHooks? {
        switch owner {
        case .git:
            guard scope == .user else { throw ValidationError("--scope is for claude and codex") }
            return nil
        case .claude: return AgentHooks(.claude, scope: scope.settings, context: fleet, checkout: checkout)
        case .codex: return AgentHooks(.codex, scope: scope.settings, context: fleet, checkout: checkout)
        }
    }

    /// The top of the checkout that the command runs in.
    func checkout(_ context: CommandContext) async throws -> FilePath {
        let surroundings = context.surroundings
        guard scope != .user else { return surroundings.workingDirectory }
        let repository = try await GitRepository.open(
            at: surroundings.workingDirectory, environment: surroundings.environment)
        return repository.layout.topLevel ?? surroundings.workingDirectory
    }
}

extension HookPlace.Scope {
    fileprivate var settings: AgentHooks.Scope {
        switch self {
        case .user: .user
        case .project: .project
        case .local: .local
        }
    }
}
