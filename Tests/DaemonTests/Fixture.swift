import Core
import Foundation
import Glibc
import ProcessKit
import Store
import SystemPackage
import TestSupport
import Testing

/// A fleet in a folder of its own: repository, home, tmux server, and the built binary.
struct FleetFixture: Sendable {
    let folder: FilePath
    let environment: [String: String]

    var repository: FilePath { folder.appending("r") }
    var home: FilePath { folder.appending("h") }
    var policy: FilePath { repository.appending(".tmuxagent/policy.yaml") }
    var database: FilePath { home.appending("state.db") }
    var logs: FilePath { repository.appending(".tmuxagent/logs") }

    /// The tests' own build.
    static let binary: FilePath = {
        var root = FilePath(#filePath)
        for _ in 0..<3 { root.removeLastComponent() }
        let tests = FilePath(CommandLine.arguments.first ?? "").removingLastComponent()
        let beside = tests.appending("tmux-agent")
        return Files.exists(beside) ? beside : root.appending(".build/debug/tmux-agent")
    }()

    @discardableResult
    func run(_ arguments: String..., fails: Bool = false) async throws -> CommandResult {
        let result = try await CommandRunner().run(
            Command(
                Self.binary.string, arguments, environment: environment, workingDirectory: repository,
                timeout: .seconds(40)))
        guard result.isSuccess != fails else {
            throw FixtureError(text: "\(arguments): \(result.exitCode): \(result.text)\(result.errorText)")
        }
        return result
    }

    @discardableResult
    func tmux(_ arguments: String...) async throws -> CommandResult {
        try await CommandRunner().run(
            Command(
                "tmux", ["-S", folder.appending("tmux-\(getuid())/t").string] + arguments,
                environment: environment, timeout: .seconds(10)))
    }

    func script(_ name: String, _ text: String) throws -> String {
        let path = folder.appending(name)
        try Files.write("#!/bin/sh\n" + text, to: path, mode: .init(rawValue: 0o755))
        return path.string
    }

    func write(policy text: String) throws { try Files.write(text, to: policy) }

    /// Starts a daemon as a child of this test.
    func daemon() throws -> DaemonProcess { try DaemonProcess(self) }

    func store() throws -> FleetStore {
        let id = try #require(text(of: repository.appending(".git/tmux-agent/id")))
        let word = id.split(whereSeparator: \.isWhitespace).first.map(String.init) ?? ""
        return try Store.open(path: database, role: .command, now: Timestamp(milliseconds: 0))
            .fleet(FleetID(word))
    }

    /// Waits until the journal says that a stage came to a state.
    func reached(_ stage: String, _ state: String) async throws -> Bool {
        let store = try store()
        // The daemon writes to the database; nobody tells this process.
        return try await eventually(within: .seconds(20)) {
            try await store.journal(after: 0, limit: 10_000).contains {
                $0.kind == .stageChanged && $0.draft.stage == stage && $0.payload["to"]?.string == state
            }
        }
    }

    func journal() async throws -> [JournalEntry] { try await store().journal(after: 0, limit: 100_000) }
}

struct FixtureError: Error, CustomStringConvertible {
    var text: String
    var description: String { text }
}

/// A daemon in the foreground of a child process.
final class DaemonProcess: Sendable {
    let pid: Int32
    let log: FilePath
    private let ended: Task<Int32, Never>
    private let lock: FilePath

    init(_ fleet: FleetFixture) throws {
        log = fleet.folder.appending("daemon-\(UInt32.random(in: 0 ... .max)).log")
        try Files.append("", to: log)
        let output = try #require(FileHandle(forWritingAtPath: log.string))
        let process = Process()
        process.executableURL = URL(fileURLWithPath: FleetFixture.binary.string)
        process.arguments = ["up", "--foreground"]
        process.currentDirectoryURL = URL(fileURLWithPath: fleet.repository.string)
        process.environment = fleet.environment
        process.standardOutput = output
        process.standardError = output
        process.standardInput = FileHandle.nullDevice
        let (ends, end) = AsyncStream.makeStream(of: Int32.self)
        process.terminationHandler = { process in
            end.yield(process.terminationStatus)
            end.finish()
        }
        try process.run()
        pid = process.processIdentifier
        ended = Task { await ends.first { _ in true } ?? -1 }
        let id = text(of: fleet.repository.appending(".git/tmux-agent/id")) ?? ""
        let fleetID = id.split(whereSeparator: \.isWhitespace).first.map(String.init) ?? ""
        lock = fleet.home.appending("run").appending(fleetID).appending("watch.lock")
    }

    /// Waits until it watches.
    func ready() async throws {
        // The lock's file changes without a sign to us.
        let isReady = try await eventually(within: .seconds(20)) {
            (text(of: lock) ?? "").hasPrefix("\(pid) ready")
        }
        guard isReady else { throw FixtureError(text: "not ready: \(output)") }
    }

    var output: String { text(of: log) ?? "" }

    func kill() async {
        _ = Glibc.kill(pid, SIGKILL)
        _ = await ended.value
    }

    func stop() async -> Int32 {
        _ = Glibc.kill(pid, SIGTERM)
        return await ended.value
    }

    func status() async -> Int32 { await ended.value }
}

/// Runs `body` with a trusted fleet whose agents run `agent`, and ends everything afterwards.
func withFleet<Result>(
    isolation: isolated (any Actor)? = #isolation, policy: String = "pipelines: []\n",
    more: String = "", agent: (FleetFixture) throws -> String = { _ in "sh" },
    _ body: (FleetFixture) async throws -> Result
) async throws -> Result {
    try await withTmux { tmux in
        let folder = tmux.folder
        _ = try await GitFixture.plain(at: folder.appending("r"))
        let fleet = FleetFixture(
            folder: folder,
            environment: [
                "PATH": "/usr/local/bin:/usr/bin:/bin", "HOME": folder.string, "SHELL": "/bin/sh",
                "LC_ALL": "C.UTF-8", "TERM": "screen", "TMUX_TMPDIR": folder.string, "ENV": "/dev/null",
                "TMUX_AGENT_HOME": folder.appending("h").string, "PS1": "$ ",
                "GIT_CONFIG_GLOBAL": "/dev/null", "GIT_CONFIG_NOSYSTEM": "1",
                "GIT_AUTHOR_NAME": "Ada", "GIT_AUTHOR_EMAIL": "ada@example.com",
                "GIT_COMMITTER_NAME": "Ada", "GIT_COMMITTER_EMAIL": "ada@example.com",
            ])
        try await fleet.run("init")
        let command = try agent(fleet)
        try Files.write(
            """
            [fleet]
            name = "test"
            [agent]
            command = "\(command)"
            kind = "shell"
            [tmux]
            socket = "t"
            size = "100x30"
            [watch]
            approval_dir = "\(folder.appending("approvals"))"
            [dashboard]
            port = 0
            \(more)

            """, to: fleet.repository.appending(".tmuxagent/fleet.toml"))
        try fleet.write(policy: policy)
        do {
            let result = try await body(fleet)
            _ = try? await fleet.run("down")  // most tests ended theirs
            return result
        } catch {
            _ = try? await fleet.run("down")
            throw error
        }
    }
}
