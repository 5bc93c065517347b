public import Core
public import Fleet
internal import Glibc
internal import ProcessKit
internal import Store
internal import SystemPackage

/// Starts, finds and stops the daemon of a fleet.
public struct DaemonControl: Sendable {
    let context: FleetContext

    public init(context: FleetContext) { self.context = context }

    private var logFile: FilePath { DaemonLog(context).file }

    /// Starts the daemon in a session of its own and waits until it watches; returns its pid.
    public func start() async throws -> Int32 {
        try context.requireTrust()
        if let pid = try DaemonLock.holder(role: .watch, run: context.run) {
            throw DaemonError.alreadyRunning(pid: pid)
        }
        try await PolicyCheck.requireUsable(in: context)
        try Files.makeFolder(context.run, mode: 0o700)
        try DaemonLog(context).bound()
        // What a former daemon said explains nothing about this one.
        let logged = Files.size(logFile) ?? 0
        let events = FileEvents()
        try events.watch(context.run)
        var environment = context.surroundings.environment.filter { key, _ in
            key == "TMUX_AGENT_HOME"
                || !(key.hasPrefix("TMUX") || key.hasPrefix("GIT_") || key.hasPrefix("AI_AGENT_"))
        }
        environment["TMUX_TMPDIR"] = context.surroundings.environment["TMUX_TMPDIR"]
        // Values reach the shell as arguments; it only turns the outputs to the log.
        let script = "umask 077; exec setsid --fork \"$0\" up --foreground --quiet >>\"$1\" 2>&1 </dev/null"
        let result = try await CommandRunner().run(
            Command(
                "/bin/sh", ["-c", script, context.surroundings.executable.string, logFile.string],
                environment: environment, workingDirectory: context.root, timeout: .seconds(20)))
        guard result.isSuccess else { throw notStarted(since: logged) }
        return try await waitUntilReady(events, logged: logged)
    }

    private func waitUntilReady(_ events: FileEvents, logged: Int64) async throws -> Int32 {
        let start = ContinuousClock.now
        var hasHeld = false
        events.wake()
        for await _ in events.wakes {
            let pid = try DaemonLock.holder(role: .watch, run: context.run)
            if let pid, pid > 0, try isReady(pid) { return pid }
            hasHeld = hasHeld || pid != nil
            // It took the lock and let go of it again, or never came; one that lives may have much to take up.
            let limit = hasHeld ? Duration.seconds(60) : .seconds(15)
            guard ContinuousClock.now < start.advanced(by: limit), !(hasHeld && pid == nil) else { break }
            events.setAlarm(after: .milliseconds(100))
        }
        throw notStarted(since: logged)
    }

    private func isReady(_ pid: Int32) throws -> Bool {
        try DaemonLock.troubles(of: pid, role: .watch, run: context.run) != nil
    }

    private func notStarted(since offset: Int64) -> DaemonError {
        // No log is nothing to show.
        let bytes = (try? Files.read(logFile, from: offset, limit: 1 << 20)) ?? []
        let text = String(decoding: bytes, as: UTF8.self)
        return .notStarted(log: logFile, lastLines: text.split(separator: "\n").suffix(5).map(String.init))
    }

    /// Ends the daemon and waits for it; throws ``DaemonError/notRunning(root:)`` when there is none.
    public func stop() async throws -> Int32 {
        guard let pid = try DaemonLock.holder(role: .watch, run: context.run), pid > 0,
            let process = ProcessTable.process(pid)?.identity
        else {
            throw DaemonError.notRunning(root: context.root)
        }
        kill(pid, SIGTERM)
        guard await ProcessEnder().waitForEnd(of: [process], limit: .seconds(15)) else {
            throw DaemonError.didNotStop(pid: pid)
        }
        return pid
    }

    /// What the fleet does as a whole.
    public func status() async throws -> FleetStatus {
        let pid = try DaemonLock.holder(role: .watch, run: context.run)
        let since = try await context.store.daemons().first { $0.role == .watch && $0.process.pid == pid }?
            .since
        async let runs = context.store.latestRuns()
        async let approvals = context.store.pendingApprovals()
        let agents = try await SessionList(context: context).load()
        let troubles = try pid.flatMap { try DaemonLock.troubles(of: $0, role: .watch, run: context.run) }
        return FleetStatus(
            name: context.configuration.name, root: context.root.string, daemon: pid, daemonSince: since,
            troubles: troubles ?? [], addresses: pid.map(addresses(of:)), agents: agents,
            runs: try await runs, approvals: try await approvals, policy: try await .now(in: context))
    }
}

/// A fleet at one moment.
public struct FleetStatus: Sendable {
    public var name: String
    public var root: String
    /// The watching daemon's pid; nil when none runs.
    public var daemon: Int32?
    public var daemonSince: Timestamp?
    /// What the daemon cannot do at the moment, in words; may hold text of others.
    public var troubles: [String]
    /// Where its pages are; nil when none runs.
    public var addresses: DaemonControl.Addresses?
    public var agents: [AgentSnapshot]
    /// The newest run of each pipeline and subject.
    public var runs: [PipelineRun]
    public var approvals: [Approval]
    /// Nil while no daemon goes by a policy.
    public var policy: PolicyStanding?
}
