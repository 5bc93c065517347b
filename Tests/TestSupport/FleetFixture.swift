internal import Glibc
internal import ProcessKit
public import SystemPackage

/// A repository of its own with a fleet, a private home, a private tmux server and the built program to run on it.
public struct FleetFixture: Sendable {
    public let folder: FilePath
    /// The repository.
    public let root: FilePath
    /// For the program and everything it starts: nothing of the user's.
    public let environment: [String: String]

    public var home: FilePath { folder.appending("home") }
    public var socket: FilePath { folder.appending("t/tmux-\(getuid())/default") }
    public var git: GitFixture { GitFixture(folder: root) }

    init(folder: FilePath) {
        self.folder = folder
        root = folder.appending("shop")
        environment = [
            "PATH": "/usr/local/bin:/usr/bin:/bin", "HOME": folder.appending("user").string,
            "TMUX_AGENT_HOME": folder.appending("home").string, "TMUX_TMPDIR": folder.appending("t").string,
            "SHELL": "/bin/sh", "LC_ALL": "C.UTF-8", "TZ": "UTC", "TERM": "screen",
        ]
    }

    /// Runs `tmux-agent` in the repository.
    public func run(
        _ arguments: String..., input: String? = nil, in other: FilePath? = nil,
        adding: [String: String] = [:]
    ) async throws -> Outcome {
        try await run(arguments, input: input, in: other, adding: adding)
    }

    public func run(
        _ arguments: [String], input: String? = nil, in other: FilePath? = nil,
        adding: [String: String] = [:]
    ) async throws -> Outcome {
        let result = try await CommandRunner().run(
            Command(
                try BuiltProgram.path().string, arguments, environment: environment.merging(adding) { $1 },
                workingDirectory: other ?? root, input: input.map { Array($0.utf8) }, timeout: .seconds(50)))
        return Outcome(
            stdout: result.text, stderr: result.errorText, status: Int(result.exitCode), folder: folder)
    }

    /// Runs `tmux-agent` and throws unless it ends with 0; returns its standard output.
    @discardableResult
    public func succeed(
        _ arguments: String..., input: String? = nil, in other: FilePath? = nil,
        adding: [String: String] = [:]
    ) async throws -> String {
        let outcome = try await run(arguments, input: input, in: other, adding: adding)
        guard outcome.status == 0 else { throw FleetFixtureError(arguments: arguments, outcome: outcome) }
        return outcome.stdout
    }

    /// Runs a shell script in the repository with `tmux-agent` as `$1`; nothing is checked.
    public func shell(_ script: String, in other: FilePath? = nil) async throws -> Outcome {
        let result = try await CommandRunner().run(
            Command(
                "bash", ["-uc", script, "script", try BuiltProgram.path().string], environment: environment,
                workingDirectory: other ?? root, timeout: .seconds(50)))
        return Outcome(
            stdout: result.text, stderr: result.errorText, status: Int(result.exitCode), folder: folder)
    }

    /// Runs tmux on the private server.
    @discardableResult
    public func tmux(_ arguments: String...) async throws -> String {
        let result = try await CommandRunner().run(
            Command(
                "tmux", ["-u", "-S", socket.string] + arguments, environment: environment,
                timeout: .seconds(30)))
        guard result.isSuccess else {
            throw TmuxFixtureError(arguments: arguments, message: result.errorText)
        }
        return result.text.trimmingSuffixNewline
    }

    /// Writes fleet.toml with scripted agents: a script for each profile, the one named `agent` is the default.
    public func agents(_ scripts: [String: String], more: String = "") throws {
        var text = "[fleet]\nname = \"shop\"\n"
        for (name, script) in scripts {
            let file = folder.appending("\(name).script")
            try Files.write(script, to: file, mode: FilePermissions(rawValue: 0o644))
            text += name == "agent" ? "[agent]\n" : "[agents.\(name)]\n"
            text += "command = \"\(projectFolder)/examples/scripted-agent.sh \(file)\"\nkind = \"shell\"\n"
        }
        // Nobody listens on a fixed port.
        if !more.contains("[dashboard]") { text += "[dashboard]\nport = 0\n" }
        try write(text + more, to: ".tmuxagent/fleet.toml")
    }

    /// Writes a file of the repository, or one at an absolute path.
    public func write(
        _ text: String, to path: String, mode: FilePermissions = FilePermissions(rawValue: 0o644)
    ) throws {
        try Files.write(
            text, to: root.pushing(FilePath(path)),
            mode: mode)
    }

    public func makeFolder(_ path: String) throws { try Files.makeFolder(root.pushing(FilePath(path))) }

    fileprivate func make() async throws {
        for name in ["user", "t"] {
            guard mkdir(folder.appending(name).string, 0o700) == 0 else { throw Errno(rawValue: errno) }
        }
        try Files.write(
            "[user]\nname = Ada\nemail = ada@example.com\n[protocol \"file\"]\nallow = always\n",
            to: folder.appending("user/.gitconfig"), mode: FilePermissions(rawValue: 0o644))
        _ = try await GitFixture.plain(at: root)
    }

    /// Ends every process that has the private home in its environment: daemon, tmux, agents, shell actions.
    fileprivate func end() async {
        for _ in 0..<5 {
            let found = ProcessTable().processes.values.filter {
                ProcessTable.carries("HOME", folder.appending("user").string, pid: $0.identity.pid)
            }
            guard !found.isEmpty else { return }
            _ = await ProcessEnder().end(found.map(\.identity), limit: .milliseconds(500))
        }
    }
}

struct FleetFixtureError: Error, CustomStringConvertible {
    let arguments: [String]
    let outcome: Outcome
    var description: String { "tmux-agent \(arguments.joined(separator: " ")):\n\(outcome)" }
}

/// Runs `body` with a fleet; whatever happens, everything that was started is ended and removed afterwards.
///
/// With `scripts` nil there is a repository without a fleet; else it is `init`ed with these scripted agents.
public func withFleetFixture<Result>(
    isolation: isolated (any Actor)? = #isolation, scripts: [String: String]? = ["agent": "say Ready."],
    policy: String = "pipelines: []\n", more: String = "", _ body: (FleetFixture) async throws -> Result
) async throws -> Result {
    try await withTemporaryFolder { folder in
        let fixture = FleetFixture(folder: folder)
        do {
            try await fixture.make()
            if let scripts {
                try await fixture.succeed("init", "--no-hooks")
                try fixture.agents(scripts, more: more)
                try fixture.write(policy, to: ".tmuxagent/policy.yaml")
            }
            let result = try await body(fixture)
            await fixture.end()
            return result
        } catch {
            await fixture.end()
            throw error
        }
    }
}

/// Where the program that is tested lies: beside the test bundle.
public enum BuiltProgram {
    /// The built `tmux-agent` beside the tests.
    public static func path() throws -> FilePath {
        var buffer = [CChar](repeating: 0, count: Int(PATH_MAX))
        let count = readlink("/proc/self/exe", &buffer, buffer.count)
        let own = FilePath(
            String(decoding: buffer[..<max(0, count)].map { UInt8(bitPattern: $0) }, as: UTF8.self))
        let path = own.removingLastComponent().appending("tmux-agent")
        guard access(path.string, X_OK) == 0 else {
            throw BuiltProgramError(path: path)
        }
        return path
    }
}

struct BuiltProgramError: Error, CustomStringConvertible {
    let path: FilePath
    var description: String {
        "There is no program to test at \(path): run 'swift build --build-tests' first"
    }
}
