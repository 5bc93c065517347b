internal import Core
internal import Fleet
internal import ProcessKit
internal import Store
internal import SystemPackage

/// A fleet in a scratch repository on a tmux server of its own.
struct ScratchFleet: Sendable {
    let workshop: Workshop
    let root: FilePath
    /// The `-L` name of its tmux server.
    let socket: String

    /// Makes the fleet of a repository; `command` is what every agent runs.
    init(
        _ workshop: Workshop, root: FilePath, command: String, policy: String = "pipelines: []\n"
    ) async throws {
        self.workshop = workshop
        self.root = root
        socket = root.lastComponent?.string ?? "bench"
        try await workshop.run(workshop.binary.string, ["init"], in: root)
        let own = root.appending(".tmuxagent")
        try Files.write(
            """
            [agent]
            command = '''\(command)'''
            kind = "shell"
            [tmux]
            socket = "\(socket)"
            size = "200x50"

            """, to: own.appending("fleet.toml"))
        try Files.write(policy, to: own.appending("policy.yaml"))
    }

    /// How long one of our commands takes.
    func time(_ arguments: [String]) async throws -> Duration {
        try await workshop.time(workshop.binary.string, arguments, in: root)
    }

    @discardableResult
    func agent(_ arguments: [String]) async throws -> CommandResult {
        try await workshop.run(workshop.binary.string, arguments, in: root)
    }

    func tmux(_ arguments: [String], mayFail: Bool = false) async throws -> CommandResult {
        try await workshop.run(
            "tmux", ["-L", socket, "-f", "/dev/null"] + arguments, in: root, mayFail: mayFail)
    }

    /// Spawns agents on `agent/0`, `agent/1` and so on, a few at a time.
    func spawn(_ count: Int) async throws {
        try await agent(["spawn", "agent/0"])
        try await withThrowingTaskGroup(of: Void.self) { group in
            var next = 1
            func add() {
                guard next < count else { return }
                let branch = "agent/\(next)"
                group.addTask { try await self.agent(["spawn", branch]) }
                next += 1
            }
            for _ in 0..<3 { add() }
            while try await group.next() != nil { add() }
        }
    }

    /// Starts the daemon; returns its pid.
    func up() async throws -> Int32 {
        try await agent(["up"])
        let context = try await context()
        return try DaemonLock.holder(role: .watch, run: context.run) ?? 0
    }

    func down() async throws { try await agent(["down"]) }

    /// The fleet as the commands open it.
    func context() async throws -> FleetContext {
        var own = workshop.surroundings
        own.workingDirectory = root
        return try await FleetContext.open(own)
    }

    /// Ends the daemon, if there is one, and the tmux server with all agents.
    func end() async throws {
        try await workshop.run(workshop.binary.string, ["down"], in: root, mayFail: true)
        _ = try await tmux(["kill-server"], mayFail: true)
    }
}

extension Workshop {
    /// A fleet for as long as `body` runs.
    func withFleet<Value>(
        _ name: String, files: Int = 10, command: String, policy: String = "pipelines: []\n",
        in parent: FilePath? = nil, _ body: (ScratchFleet) async throws -> Value
    ) async throws -> Value {
        let root = try await makeRepository(name, files: files, in: parent)
        let fleet = try await ScratchFleet(self, root: root, command: command, policy: policy)
        do {
            let value = try await body(fleet)
            try await fleet.end()
            return value
        } catch {
            try await fleet.end()
            throw error
        }
    }
}
