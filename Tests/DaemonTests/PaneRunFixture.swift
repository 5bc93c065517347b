import Core
import Foundation
import Glibc
import ProcessKit
import Store
import SystemPackage
import TestSupport
import Testing

/// Panes of a private tmux server that nobody spawned, and `tmux-agent run` that watches them.
struct PaneRunFixture: Sendable {
    let tmux: TmuxFixture

    var folder: FilePath { tmux.folder }
    var home: FilePath { folder.appending("h") }
    var ticks: FilePath { folder.appending("ticks") }
    var approvals: FilePath { folder.appending("approvals") }

    var environment: [String: String] {
        tmux.environment.merging([
            "TMUX_AGENT_HOME": home.string, "TMUX_TMPDIR": folder.string, "LC_ALL": "C.UTF-8",
            "ENV": "/dev/null", "PS1": "$ ",
        ]) { $1 }
    }

    /// Writes `hosts.yaml` for the private server; `filters` are keys of its `tmux:` group.
    func write(filters: String = "", more: String = "") throws {
        try Files.write(
            """
            approval_dir: \(approvals)
            hosts:
              - name: local
                tmux:
                  socket: \(tmux.socket)
                  \(filters)
            \(more)

            """, to: folder.appending("hosts.yaml"))
    }

    func write(policy: String) throws { try Files.write(policy, to: folder.appending("policy.yaml")) }

    /// Each TICK writes a line with its number.
    static let ticking = """
        pipelines:
          - name: tick
            starts_on: { marker: { type: TICK } }
            stages:
              - name: note
                actions_on_start:
                  - shell: 'printf "%s %s\\n" "$TMUX_AGENT_PANE" "$TMUX_AGENT_MARKER" >>"$HOME/ticks"'
                success_when: { exit_code: 0 }
        """

    static let arguments = ["run", "--config", "hosts.yaml", "--policy", "policy.yaml"]

    func start(_ more: String...) throws -> RunProcess { try RunProcess(self, Self.arguments + more) }

    /// Another command, in the folder of the settings.
    func command(_ arguments: String...) async throws -> CommandResult { try await command(arguments) }

    func command(_ arguments: [String]) async throws -> CommandResult {
        try await CommandRunner().run(
            Command(
                FleetFixture.binary.string, arguments, environment: environment, workingDirectory: folder,
                timeout: .seconds(40)))
    }

    @discardableResult
    func run(_ more: String...) async throws -> CommandResult {
        try await CommandRunner().run(
            Command(
                FleetFixture.binary.string, Self.arguments + more, environment: environment,
                workingDirectory: folder, timeout: .seconds(40)))
    }

    /// A pane that prints each line it reads, without an echo.
    func printer(_ session: String, window: String = "sh") async throws {
        try await tmux.tmux(
            "new-session", "-d", "-s", session, "-n", window, "-x", "100", "-y", "20",
            "stty -echo; \(tmux.signal("up")); while read -r line; do printf '%s\\n' \"$line\"; done")
        try await tmux.wait(for: "up")
    }

    func say(_ text: String, in target: String) async throws {
        try await tmux.tmux("send-keys", "-t", target, "-l", "--", text)
        try await tmux.tmux("send-keys", "-t", target, "Enter")
    }

    func tick(_ number: Int, in target: String) async throws {
        try await say("### SENTRY {\"type\":\"TICK\",\"n\":\(number)}", in: target)
    }

    /// Numbers of the ticks that were acted on, in that order.
    var ticked: [Int] {
        (text(of: ticks) ?? "").split(separator: "\n").compactMap { line in
            line.split(separator: ":").dropFirst().first.flatMap { Int($0.prefix { $0.isNumber }) }
        }
    }

    func store() throws -> FleetStore {
        let name = try #require(Files.names(in: home.appending("run")).first { $0.hasPrefix("run-") })
        return try Store.open(
            path: home.appending("state.db"), role: .command, now: Timestamp(milliseconds: 0)
        ).fleet(FleetID(name))
    }

    func journal() async throws -> [JournalEntry] { try await store().journal(after: 0, limit: 100_000) }

    /// Numbers of the markers that counted, in order.
    func counted() async throws -> [Int] {
        try await journal().filter { $0.kind == .marker }.compactMap {
            $0.payload["marker"]?.object?["n"]?.integer.map { Int($0) }
        }
    }

    /// Pipes and options that are on panes, one line for each pane.
    func traces() async throws -> String {
        try await tmux.tmux("list-panes", "-a", "-F", "#{pane_pipe}#{@tmux-agent-tap}")
    }
}

/// `tmux-agent run` as a child of this test.
final class RunProcess: Sendable {
    let pid: Int32
    let log: FilePath
    private let home: FilePath
    private let ended: Task<Int32, Never>

    init(_ fixture: PaneRunFixture, _ arguments: [String]) throws {
        home = fixture.home
        log = fixture.folder.appending("run-\(UInt32.random(in: 0 ... .max)).log")
        try Files.append("", to: log)
        let output = try #require(FileHandle(forWritingAtPath: log.string))
        let process = Process()
        process.executableURL = URL(fileURLWithPath: FleetFixture.binary.string)
        process.arguments = arguments
        process.currentDirectoryURL = URL(fileURLWithPath: fixture.folder.string)
        process.environment = fixture.environment
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
    }

    /// Waits until it has looked at every host.
    func ready() async throws {
        let run = home.appending("run")
        // The lock's file changes without a sign to us.
        let isReady = try await eventually(within: .seconds(30)) {
            Files.names(in: run).contains { name in
                (text(of: run.appending(name).appending("watch.lock")) ?? "").hasPrefix("\(pid) ready")
            }
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

/// Runs `body` with a private server and ends what is left of `run` afterwards.
func withPanes(
    isolation: isolated (any Actor)? = #isolation, _ body: (PaneRunFixture) async throws -> Void
) async throws {
    try await withTmux { tmux in
        let fixture = PaneRunFixture(tmux: tmux)
        try fixture.write()
        try fixture.write(policy: PaneRunFixture.ticking)
        func end() {
            let run = fixture.home.appending("run")
            for name in Files.names(in: run) {
                let lock = run.appending(name).appending("watch.lock")
                guard let pid = text(of: lock).flatMap({ Int32($0.prefix { $0.isNumber }) }), pid != getpid(),
                    ProcessTable.process(pid)?.name.hasPrefix("tmux-agent") == true
                else { continue }
                kill(pid, SIGKILL)
            }
        }
        do {
            try await body(fixture)
            end()
        } catch {
            end()
            throw error
        }
    }
}
