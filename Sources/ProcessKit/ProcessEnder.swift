internal import CLinux
internal import Core
internal import Glibc

/// Which processes belong to an agent, apart from its pane's own process.
public struct ProcessMark: Sendable, Hashable {
    public let name: String
    public let value: String

    /// Processes started with `name=value` in their environment.
    public init(name: String, value: String) {
        self.name = name
        self.value = value
    }
}

/// What came of ending processes.
public struct EndReport: Sendable, Equatable {
    public var ended: [ProcessIdentity]
    /// Alive after KILL (uninterruptible, or not ours to signal).
    public var left: [ProcessIdentity]

    public var isComplete: Bool { left.isEmpty }

    public init(ended: [ProcessIdentity], left: [ProcessIdentity]) {
        self.ended = ended
        self.left = left
    }
}

/// Ends processes by pidfd, so that a pid that was used again is never hit.
public actor ProcessEnder {
    private let executor = BlockingExecutor(label: "process-ender")
    public nonisolated var unownedExecutor: UnownedSerialExecutor {
        unsafe executor.asUnownedSerialExecutor()
    }

    public init() {}

    /// Sends TERM to the living among `processes`, and KILL to those that still live after `limit`.
    public func end(_ processes: [ProcessIdentity], limit: Duration = .seconds(5)) -> EndReport {
        var open: [Opened] = []
        var ended: [ProcessIdentity] = []
        for identity in processes {
            if let process = Opened(identity) { open.append(process) } else { ended.append(identity) }
        }
        defer { for process in open { close(process.descriptor) } }
        var living = open
        for (signal, wait) in [(SIGTERM, limit), (SIGKILL, Duration.seconds(2))] {
            // A stopped process acts on TERM only when it is continued.
            for process in living {
                _ = clinux_pidfd_send_signal(process.descriptor, signal)
                if signal == SIGTERM { _ = clinux_pidfd_send_signal(process.descriptor, SIGCONT) }
            }
            living = Self.waitForEnd(of: living, limit: wait)
            if living.isEmpty { break }
        }
        let left = Set(living.map(\.identity))
        ended += open.map(\.identity).filter { !left.contains($0) }
        return EndReport(ended: ended, left: living.map(\.identity))
    }

    /// Waits until none of `processes` lives; false when `limit` passed first.
    public func waitForEnd(of processes: [ProcessIdentity], limit: Duration) -> Bool {
        let open = processes.compactMap(Opened.init)
        defer { for process in open { close(process.descriptor) } }
        return Self.waitForEnd(of: open, limit: limit).isEmpty
    }

    /// Ends everything that belongs to an agent, and repeats until a look at the table finds nothing more.
    ///
    /// That is `root` and its descendants, and orphans that carry `mark` and are not older than `notBefore`
    /// (clock ticks after boot) with theirs. Never touched: tmux servers, tmux-agent itself, this process,
    /// its ancestors, and what is beneath the first two.
    public func endAgent(
        root: ProcessIdentity?, mark: ProcessMark, notBefore: UInt64, limit: Duration = .seconds(5)
    ) -> EndReport {
        var ended: [ProcessIdentity] = []
        // New children can appear between the look and the signal; a program that forks for ever ends the
        // loop.
        for _ in 0..<5 {
            let found = AgentProcesses(
                table: ProcessTable(), root: root, mark: mark, notBefore: notBefore
            ).find()
            if found.isEmpty { return EndReport(ended: ended, left: []) }
            let report = end(found.map(\.identity), limit: limit)
            ended += report.ended
            if !report.isComplete { return EndReport(ended: ended, left: report.left) }
        }
        let rest = AgentProcesses(table: ProcessTable(), root: root, mark: mark, notBefore: notBefore).find()
        return EndReport(ended: ended, left: rest.map(\.identity))
    }

    /// The orphans that `endAgent` would end, with what is beneath them.
    public func orphans(mark: ProcessMark, notBefore: UInt64) -> [ProcessSnapshot] {
        AgentProcesses(table: ProcessTable(), root: nil, mark: mark, notBefore: notBefore).find()
    }

    private static func waitForEnd(of processes: [Opened], limit: Duration) -> [Opened] {
        let clock = ContinuousClock()
        let deadline = clock.now.advanced(by: limit)
        var living = processes
        while !living.isEmpty {
            var polls = living.map { pollfd(fd: $0.descriptor, events: Int16(POLLIN), revents: 0) }
            let rest = clock.now.duration(to: deadline).inMilliseconds
            let count = unsafe poll(&polls, nfds_t(polls.count), Int32(clamping: max(0, rest)))
            living = zip(living, polls).filter { $0.1.revents == 0 }.map(\.0)
            if count == 0 && rest <= 0 { break }
        }
        return living
    }
}

/// A pidfd that is known to belong to `identity`.
private struct Opened {
    let identity: ProcessIdentity
    let descriptor: Int32

    /// Nil when the process has ended.
    init?(_ identity: ProcessIdentity) {
        let descriptor = clinux_pidfd_open(identity.pid)
        guard descriptor >= 0 else { return nil }
        // Looked at after opening: the descriptor and the number now mean the same process or none.
        guard ProcessTable.isAlive(identity) else {
            close(descriptor)
            return nil
        }
        self.identity = identity
        self.descriptor = descriptor
    }
}

/// Decides which processes of a table belong to an agent.
struct AgentProcesses {
    let table: ProcessTable
    let root: ProcessIdentity?
    let mark: ProcessMark
    let notBefore: UInt64

    func find() -> [ProcessSnapshot] {
        let spared = Set(table.ancestors(of: getpid()) + [getpid(), 1])
        func isProtected(_ process: ProcessSnapshot) -> Bool {
            if process.isZombie || process.name == "tmux: server" { return true }
            let file = ProcessTable.executable(of: process.pid)?.split(separator: "/").last
            return file == "tmux-agent"
        }
        var found: [ProcessSnapshot] = []
        if let root, let process = table.processes[root.pid], process.identity == root, !isProtected(process)
        {
            found.append(process)
            found += table.descendants(of: root.pid, skipping: isProtected)
        }
        for process in table.processes.values
        where process.identity.startTicks >= notBefore && isOrphan(process) && !spared.contains(process.pid)
            && !isProtected(process) && ProcessTable.carries(mark.name, mark.value, pid: process.pid)
        {
            found.append(process)
            found += table.descendants(of: process.pid, skipping: isProtected)
        }
        var seen: Set<Int32> = []
        return found.filter { seen.insert($0.pid).inserted && !spared.contains($0.pid) }
    }

    /// Whether the process that started it has ended, so that it hangs on whoever collects such processes.
    ///
    /// That is the first process, a user's service manager, or the parent of the tmux server, which became an orphan
    /// in the same place.
    private func isOrphan(_ process: ProcessSnapshot) -> Bool {
        if process.parent == 1 { return true }
        guard let parent = table.processes[process.parent] else { return false }
        let server = root.flatMap { table.processes[$0.pid] }.flatMap { table.processes[$0.parent] }
        return parent.name == "systemd" || (server?.name == "tmux: server" && parent.pid == server?.parent)
    }
}
