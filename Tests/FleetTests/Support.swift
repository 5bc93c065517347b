import Core
import Fleet
import GitKit
import Glibc
import ProcessKit
import Store
import Synchronization
import SystemPackage
import TestSupport
import Testing
import TmuxKit

/// A fleet in a real repository, with a tmux server, a home and a database of its own.
struct FleetFixture: Sendable {
    let git: GitFixture
    let tmux: TmuxFixture
    let home: FilePath
    /// What the fleet's commands have besides.
    var more: [String: String] = [:]
    private let clock = Clock()

    init(git: GitFixture, tmux: TmuxFixture, home: FilePath) {
        (self.git, self.tmux, self.home) = (git, tmux, home)
    }

    /// The same fleet with more variables.
    func adding(_ variables: [String: String]) -> FleetFixture {
        var copy = self
        copy.more.merge(variables) { $1 }
        return copy
    }

    /// Moves the fleet's clock on.
    func advance(by duration: Duration) { clock.offset.withLock { $0 += duration.inMilliseconds } }

    var root: FilePath { git.folder }
    var worktrees: FilePath { root.appending(".tmuxagent").appending("worktrees") }

    /// The built program, beside the test bundle.
    static let program: FilePath = {
        var buffer = [CChar](repeating: 0, count: 4097)
        let count = readlink("/proc/self/exe", &buffer, 4096)
        let own = FilePath(
            String(decoding: buffer[..<max(0, count)].map { UInt8(bitPattern: $0) }, as: UTF8.self))
        // Run from a toolchain's helper the executable is elsewhere: then the package's own folder is asked.
        let beside = own.removingLastComponent().appending("tmux-agent")
        if Files.exists(beside) { return beside }
        let package = FilePath(#filePath).removingLastComponent().removingLastComponent()
            .removingLastComponent()
        return package.appending(".build").appending("debug").appending("tmux-agent")
    }()

    var environment: [String: String] {
        var values = git.environment
        values["HOME"] = home.string
        values["TMUX_AGENT_HOME"] = home.appending("ta").string
        values["TMUX_TMPDIR"] = tmux.folder.string
        values["SHELL"] = "/bin/sh"
        values["TERM"] = "screen"
        return values.merging(more) { $1 }
    }

    func surroundings(_ more: [String: String] = [:], in folder: FilePath? = nil) -> Surroundings {
        Surroundings(
            environment: environment.merging(more) { $1 }, workingDirectory: folder ?? root,
            executable: Self.program, processID: getpid(), user: "ada",
            now: { [clock] in
                var time = timespec()
                clock_gettime(CLOCK_REALTIME, &time)
                let now = Int64(time.tv_sec) * 1000 + Int64(time.tv_nsec) / 1_000_000
                return Timestamp(milliseconds: now + clock.offset.withLock { $0 })
            },
            ids: IDMaker { UInt64.random(in: .min ... .max) })
    }

    func context(_ more: [String: String] = [:]) async throws -> FleetContext {
        try await FleetContext.open(surroundings(more))
    }

    var server: TmuxServer {
        get throws {
            TmuxServer(Tmux(address: try TmuxServerAddress(path: tmux.socket), environment: environment))
        }
    }

    @discardableResult
    func spawn(
        _ branch: String, startup: String? = "cat", task: String? = nil,
        _ change: (inout SpawnRequest) -> Void = { _ in }
    ) async throws -> SpawnResult {
        var request = SpawnRequest(branch: branch, task: task, startup: startup)
        change(&request)
        return try await Spawner(context: try await context()).spawn(request)
    }

    func remove(_ name: String, force: Bool = false, keepBranch: Bool = false) async throws -> RemovalResult {
        try await Remover(context: try await context())
            .remove(RemovalRequest(name: name, keepsBranch: keepBranch, isForced: force))
    }

    func doctor(fixing: Bool = false) async throws -> DoctorReport {
        try await Doctor(surroundings: surroundings()).examine(fixing: fixing)
    }

    /// Runs the built program.
    func run(_ arguments: String..., adding: [String: String] = [:]) async throws -> CommandResult {
        try await run(arguments, adding: adding)
    }

    func run(_ arguments: [String], adding: [String: String] = [:]) async throws -> CommandResult {
        try await CommandRunner().run(
            Command(
                Self.program.string, arguments, environment: environment.merging(adding) { $1 },
                workingDirectory: root, timeout: .seconds(60)))
    }

    /// Everything that a refused spawn must leave as it was.
    func trace() async throws -> String {
        let context = try await context()
        let rows = try await context.store.agents().map { "row \($0.place.branch) \($0.spawn.phase)" }
        let panes = try await server.panes().map { "pane \($0.session)" }
        // Logs outlive their agents by a week.
        let lines = try await git.trace().split(separator: "\n").filter {
            !$0.hasPrefix("./.tmuxagent/logs/")
        }
        return (lines.map(String.init) + rows + panes).joined(separator: "\n")
    }

    func settings(_ toml: String) throws {
        try Files.write(toml + base, to: root.appending(".tmuxagent").appending("fleet.toml"))
    }

    fileprivate var base: String {
        """

        [tmux]
        socket = "fleet"
        size = "80x24"
        [dashboard]
        port = 0

        """
    }
}

/// The fixture's clock runs with the machine's, moved by an offset.
private final class Clock: Sendable {
    let offset = Mutex<Int64>(0)
}

/// Runs `body` with a fleet; whatever it started ends with it.
func withFleet<Result>(
    isolation: isolated (any Actor)? = #isolation,
    settings: String = "[agent]\ncommand = \"cat\"\nkind = \"shell\"\n",
    _ body: (FleetFixture) async throws -> Result
) async throws -> Result {
    try await withTmux { outer in
        // The socket that `-L fleet` means with this TMUX_TMPDIR.
        let folder = outer.folder.appending("tmux-\(getuid())")
        let tmux = TmuxFixture(
            folder: outer.folder, socket: folder.appending("fleet"), environment: outer.environment)
        let git = try await GitFixture.plain(at: outer.folder.appending("repository"))
        let fixture = FleetFixture(git: git, tmux: tmux, home: outer.folder.appending("home"))
        try Files.makeFolder(fixture.home)
        _ = try await Initializer(surroundings: fixture.surroundings()).initialize(templates: [])
        try fixture.settings(settings)
        return try await body(fixture)
    }
}

/// Whether a disk can be mounted for one command alone.
@Sendable func hasNamespaces() async throws -> Bool {
    let command = Command("unshare", ["-rm", "true"], environment: ["PATH": "/usr/bin:/bin"])
    return try await CommandRunner().run(command).isSuccess
}

extension FleetFixture {
    /// Runs shell words with a disk of its own mounted at `.tmuxagent/worktrees`, in the repository; `$1` is that folder,
    /// `$2` the built program.
    func runOnOwnDisk(_ script: String, options: String = "size=64m") async throws -> CommandResult {
        try Files.makeFolder(worktrees)
        let whole = "mount -t tmpfs -o \(options) none \"$1\" && cd \"$3\" || exit 99\n\(script)"
        return try await CommandRunner().run(
            Command(
                "unshare",
                ["-rm", "sh", "-c", whole, "sh", worktrees.string, Self.program.string, root.string],
                environment: environment, timeout: .seconds(60)))
    }
}

extension FilePath {
    var text: String? { TestSupport.text(of: self) }
}
