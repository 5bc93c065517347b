internal import Core
internal import ProcessKit
internal import SystemPackage

/// Where benchmarks work: a scratch folder with a home, a tmux socket folder and a database of its own.
struct Workshop: Sendable {
    let folder: FilePath
    let surroundings: Surroundings
    /// The release binary that is measured.
    let binary: FilePath
    /// Fewer samples and smaller inputs, to see that everything runs.
    let isQuick: Bool

    init(in base: FilePath, surroundings: Surroundings, binary: FilePath, isQuick: Bool) throws {
        folder = base.appending("tmux-agent-bench-\(surroundings.processID)")
        self.binary = binary
        self.isQuick = isQuick
        var own = surroundings
        // Nothing of the user's configuration of git, tmux or the agents may take part.
        own.environment = [
            "PATH": surroundings.environment["PATH"] ?? "/usr/local/bin:/usr/bin:/bin", "LANG": "C.UTF-8",
            "HOME": folder.appending("home").string, "TMUX_AGENT_HOME": folder.appending("state").string,
            "TMUX_TMPDIR": folder.string, "GIT_CONFIG_NOSYSTEM": "1", "SHELL": "/bin/sh",
            "GIT_AUTHOR_NAME": "Bench", "GIT_AUTHOR_EMAIL": "bench@example.invalid",
            "GIT_COMMITTER_NAME": "Bench", "GIT_COMMITTER_EMAIL": "bench@example.invalid",
        ]
        own.executable = binary
        self.surroundings = own
        try Files.makeFolder(folder.appending("home"), mode: 0o700)
    }

    /// A program's run; throws when it fails.
    @discardableResult
    func run(
        _ program: String, _ arguments: [String], in directory: FilePath? = nil, mayFail: Bool = false
    ) async throws -> CommandResult {
        let command = Command(
            program, arguments, environment: surroundings.environment,
            workingDirectory: directory ?? folder, timeout: .seconds(300))
        let result = try await CommandRunner().run(command)
        guard result.isSuccess || mayFail else {
            throw BenchmarkError.commandFailed(
                command: command.description, status: result.exitCode, text: result.errorText)
        }
        return result
    }

    /// How long a program takes, from before its start until it has ended.
    func time(_ program: String, _ arguments: [String], in directory: FilePath? = nil) async throws
        -> Duration
    {
        let clock = ContinuousClock()
        let start = clock.now
        try await run(program, arguments, in: directory)
        return start.duration(to: clock.now)
    }

    /// Tries `condition` until it holds: most of what is waited for here has no signal of its own.
    func wait(
        for what: String, atMost limit: Duration = .seconds(60), every pause: Duration = .milliseconds(50),
        _ condition: () async throws -> Bool
    ) async throws {
        let deadline = ContinuousClock.now.advanced(by: limit)
        while try await !condition() {
            guard ContinuousClock.now < deadline else { throw BenchmarkError.timedOut(waitingFor: what) }
            try await Task.sleep(for: pause)
        }
    }

    /// Removes everything that was made here.
    func cleanUp() async throws {
        try await run("rm", ["-rf", folder.string], in: "/")
    }
}
