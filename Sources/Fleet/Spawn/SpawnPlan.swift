internal import Config
public import Core
internal import GitKit
internal import ProcessKit
internal import Store
internal import SystemPackage

/// Everything about a new agent that can be known before anything is made.
struct SpawnPlan {
    var branch: BranchName
    var template: Template?
    var profile: AgentProfile
    var model: String
    var place: AgentPlace
    var program: AgentProgram
    /// The agent's environment without PATH, which tmux would override.
    var environment: [String: String]
    var setup: [SetupCommand]
    /// The start of a new branch that the request names; `place.base` may be the settings' own.
    var namedBase: String?
    /// Template, then task; nil when there is neither.
    var briefing: String?
}

/// A shell line that prepares a new worktree.
struct SetupCommand {
    var line: String
    /// Whose it is; nil: fleet.toml's.
    var template: String?
}

extension SpawnPlan {
    init(_ request: SpawnRequest, id: AgentID, slug: Slug, context: FleetContext) throws {
        let configuration = context.configuration
        branch = try BranchName(request.branch)
        namedBase = request.base
        template = try request.template.map { name in
            try context.templates().template(named: name)
        }
        profile = try configuration.requireProfile(named: request.profile ?? template?.agent)
        model = request.model ?? template?.model ?? profile.model
        let session = SessionName(configuration.tmux.prefix + slug.rawValue)
        let worktree =
            request.usesMainCheckout ? context.root : configuration.worktree.root.appending(slug.rawValue)
        place = AgentPlace(
            branch: branch.rawValue, worktree: worktree, session: session,
            usesMainCheckout: request.usesMainCheckout, base: request.base ?? configuration.worktree.base)
        let template = template
        let command =
            request.startup
            ?? profile.command.filled(
                with: .init(
                    model: model, branch: branch.rawValue, worktree: worktree.string,
                    session: session.rawValue))
        let kind = request.startup.map { AgentKind.guessed(fromCommand: $0) } ?? profile.kind
        var environment = profile.environment.merging(template?.environment ?? [:]) { _, new in new }
        environment.merge(
            [
                "AI_AGENT_BRANCH": branch.rawValue, "AI_AGENT_MODEL": model,
                "AI_AGENT_SESSION": session.rawValue,
                "AI_AGENT_TEMPLATE": template?.name ?? "", "AI_AGENT_TASK": request.task ?? "",
                "TMUX_AGENT_ID": id.rawValue, "TMUX_AGENT_FLEET": context.root.string,
                "TMUX_AGENT_HOME": context.places.home.string,
            ]) { _, ours in ours }
        let searchPath = SpawnPath.search(
            context.surroundings, configured: environment.removeValue(forKey: "PATH"))
        self.environment = environment
        program = AgentProgram(
            command: command, hasOwnCommand: request.startup != nil, profile: profile.name,
            kind: kind.rawValue, model: model.isEmpty ? nil : model, template: template?.name,
            task: request.task, searchPath: searchPath, environment: environment)
        setup =
            configuration.worktree.setup.map { SetupCommand(line: $0) }
            + (template?.setup ?? []).map { SetupCommand(line: $0, template: template?.name) }
        briefing = Briefing.text(
            template, branch: branch.rawValue, task: request.task, worktree: worktree.string)
        try checkProgram(context.surroundings)
    }

    /// Looks the program up before anything is made.
    ///
    /// Only a command that begins with a plain word can be judged; a shell construct is left to the shell.
    private func checkProgram(_ surroundings: Surroundings) throws {
        guard let name = Self.programName(program.command) else { return }
        var environment = surroundings.environment
        environment["PATH"] = program.searchPath
        let isPath = name.contains("/")
        let path = isPath ? place.worktree.pushing(FilePath(name)).string : name
        // A relative path may lie in the worktree that is still to be made.
        if isPath, !name.hasPrefix("/") { return }
        do {
            _ = try CommandRunner.resolve(path, environment: environment)
        } catch {
            throw FleetError.programNotFound(name, searchPath: program.searchPath)
        }
    }

    /// What sh itself understands: POSIX's reserved words and built-in utilities.
    private static let builtins: Set = [
        "!", "{", "}", "case", "do", "done", "elif", "else", "esac", "fi", "for", "if", "in", "then", "until",
        "while", ".", ":", "[", "alias", "bg", "break", "cd", "command", "continue", "echo", "eval", "exec",
        "exit", "export", "false", "fc", "fg", "getopts", "hash", "jobs", "kill", "local", "newgrp", "printf",
        "pwd", "read", "readonly", "return", "set", "shift", "test", "times", "trap", "true", "type",
        "ulimit", "umask", "unalias", "unset", "wait",
    ]

    /// The first word after variable assignments; nil when a shell must judge it.
    static func programName(_ command: String) -> String? {
        for word in command.split(whereSeparator: \.isWhitespace) {
            guard word.allSatisfy({ !"$`(){}|;&<>*?[]~#'\"\\!".contains($0) }) else { return nil }
            if let equals = word.firstIndex(of: "="), !word[..<equals].contains("/") { continue }
            return builtins.contains(String(word)) ? nil : String(word)
        }
        return nil
    }
}

extension FleetConfiguration {
    /// The profile that `name` asks for, or throws ``FleetError/unknownProfile(_:known:)``.
    public func requireProfile(named name: String?) throws(FleetError) -> AgentProfile {
        guard let profile = profile(named: name) else {
            throw .unknownProfile(name ?? "", known: ["default"] + profiles.keys.sorted())
        }
        return profile
    }
}

/// The PATH of agents and of actions.
public enum SpawnPath {
    /// The caller's PATH, or the profile's, with this program's folder at its end so that agents can `emit`.
    public static func search(_ surroundings: Surroundings, configured: String? = nil) -> String {
        let path = configured ?? surroundings.environment["PATH"] ?? "/usr/local/bin:/usr/bin:/bin"
        let own = surroundings.executable.removingLastComponent().string
        return path.split(separator: ":").contains { $0 == own } ? path : path + ":" + own
    }
}
