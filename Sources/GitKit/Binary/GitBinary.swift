internal import ProcessKit
internal import SystemPackage

/// The git program, called with an environment in which only the user's own choices are left.
struct GitBinary: Sendable {
    private let runner = CommandRunner()
    /// For git's output that is read here.
    let environment: [String: String]
    /// For what a person sees and for hooks: with the user's own language.
    let userEnvironment: [String: String]

    init(environment: [String: String]) {
        userEnvironment = Self.cleaned(environment)
        var own = userEnvironment
        own["LC_ALL"] = "C"
        // A question on the terminal would wait for ever behind a full-screen program.
        own["GIT_TERMINAL_PROMPT"] = "0"
        self.environment = own
    }

    /// `environment` without what git sets for its hooks and what would move a command to another repository.
    ///
    /// Variables that say where the repository, its index or its objects are change with git's versions, so
    /// what stays is listed, not what goes.
    static func cleaned(_ environment: [String: String]) -> [String: String] {
        let kept = [
            "GIT_AUTHOR_", "GIT_COMMITTER_", "GIT_CONFIG_GLOBAL", "GIT_CONFIG_SYSTEM", "GIT_CONFIG_NOSYSTEM",
            "GIT_SSH", "GIT_SSL_", "GIT_ASKPASS", "GIT_PROXY", "GIT_HTTP_", "GIT_EXEC_PATH", "GIT_LFS_",
            "GIT_CEILING_DIRECTORIES", "GIT_DISCOVERY_ACROSS_FILESYSTEM", "GIT_ALLOW_PROTOCOL",
            "GIT_PROTOCOL",
            "GIT_PAGER", "GIT_EDITOR", "GIT_DEFAULT_HASH",
        ]
        return environment.filter { name, _ in
            !name.hasPrefix("GIT_") || kept.contains { name.hasPrefix($0) }
        }
    }

    /// Runs a command that only looks: it takes no lock on the index.
    func read(
        _ arguments: [String], in folder: FilePath, input: [UInt8]? = nil, timeout: Duration = .seconds(60),
        adding variables: [String: String] = [:]
    ) async throws(GitError) -> CommandResult {
        var variables = variables
        variables["GIT_OPTIONAL_LOCKS"] = "0"
        return try await run(arguments, in: folder, input: input, timeout: timeout, adding: variables)
    }

    /// Runs a command; a non-zero exit is a value.
    func run(
        _ arguments: [String], in folder: FilePath, input: [UInt8]? = nil, timeout: Duration = .seconds(60),
        adding variables: [String: String] = [:]
    ) async throws(GitError) -> CommandResult {
        let command = Command(
            "git", arguments, environment: environment.merging(variables) { $1 }, workingDirectory: folder,
            input: input, timeout: timeout, outputLimit: 256 << 20)
        let result: CommandResult
        do {
            result = try await runner.run(command)
        } catch {
            throw .process(error)
        }
        if result.termination == .timedOut {
            throw .commandTimedOut(command: Self.shown(arguments), after: timeout)
        }
        return result
    }

    /// The output of a command that looks and must succeed.
    func output(
        _ arguments: [String], in folder: FilePath, input: [UInt8]? = nil, timeout: Duration = .seconds(60),
        adding variables: [String: String] = [:]
    ) async throws(GitError) -> CommandResult {
        let result = try await read(
            arguments, in: folder, input: input, timeout: timeout, adding: variables)
        return try Self.checked(result, arguments, in: folder)
    }

    /// The result of a command that changes something and must succeed.
    @discardableResult
    func change(
        _ arguments: [String], in folder: FilePath, input: [UInt8]? = nil, timeout: Duration = .seconds(60),
        adding variables: [String: String] = [:]
    ) async throws(GitError) -> CommandResult {
        let result = try await run(arguments, in: folder, input: input, timeout: timeout, adding: variables)
        return try Self.checked(result, arguments, in: folder)
    }

    static func checked(_ result: CommandResult, _ arguments: [String], in folder: FilePath)
        throws(GitError) -> CommandResult
    {
        if result.isSuccess { return result }
        let text = result.errorText
        // The one place where git's words are read; LC_ALL=C keeps them as they are here.
        if text.contains("not a git repository") { throw .notARepository(folder) }
        if text.contains("detected dubious ownership") { throw .foreignOwner(folder) }
        throw .commandFailed(
            command: shown(arguments), status: result.exitCode, errorText: lastLines(of: text))
    }

    private static func shown(_ arguments: [String]) -> String {
        (["git"] + arguments).map(Command.quoted).joined(separator: " ")
    }

    /// The last four lines that say something, advice left out.
    private static func lastLines(of text: String) -> String {
        text.split(separator: "\n").filter { !$0.isEmpty && !$0.hasPrefix("hint:") }.suffix(4)
            .joined(separator: "; ")
    }
}

extension CommandResult {
    /// The output's fields, each of which ended with a zero byte.
    var fields: [String] {
        guard !output.isEmpty else { return [] }
        return output.split(separator: 0, omittingEmptySubsequences: false).dropLast(output.last == 0 ? 1 : 0)
            .map { String(decoding: $0, as: UTF8.self) }
    }

    var firstLine: String {
        String(decoding: output.prefix { $0 != UInt8(ascii: "\n") }, as: UTF8.self)
    }
}
