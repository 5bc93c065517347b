internal import Core
internal import Fleet
internal import ProcessKit
public import ServiceLifecycle
internal import Synchronization
internal import SystemPackage
internal import TmuxKit

/// Asks the hosts' tmux servers beside the watcher's loop: a host that does not answer delays no other.
public final class HostObserver: Service {
    /// How often a server is asked for its panes.
    static let lookPause = Duration.seconds(1)
    /// After a failure, doubled up to the longest.
    static let longestPause = Duration.seconds(30)

    let hosts: PaneHosts
    /// In a dry run panes stay as they are: their pipes are neither made nor taken.
    let isDryRun: Bool
    private let wake: @Sendable () -> Void
    private let requests: AsyncStream<HostRequest>
    private let ask: AsyncStream<HostRequest>.Continuation
    private let observations = Mutex<[HostObservation]>([])

    public init(hosts: PaneHosts, isDryRun: Bool, wake: @escaping @Sendable () -> Void) {
        self.hosts = hosts
        self.isDryRun = isDryRun
        self.wake = wake
        // What is dropped in a flood is asked again: captures and roads by a later look, traces of ours by the next run.
        (requests, ask) = AsyncStream.makeStream(bufferingPolicy: .bufferingNewest(4096))
    }

    func request(_ request: HostRequest) { ask.yield(request) }

    func take() -> [HostObservation] {
        observations.withLock { observations in
            defer { observations = [] }
            return observations
        }
    }

    private func put(_ found: HostObservation) {
        observations.withLock { $0.append(found) }
        wake()
    }

    public func run() async throws {
        await withDiscardingTaskGroup { group in
            for host in hosts.hosts {
                group.addTask { await self.watch(host) }
                group.addTask { await self.keepControlClient(of: host) }
                if let remote = host.remote { group.addTask { await remote.run() } }
            }
            for await request in requests.cancelOnGracefulShutdown() {
                guard case .look = request else {
                    group.addTask { await self.perform(request) }
                    continue
                }
                for host in hosts.hosts { group.addTask { await self.lookOnce(at: host) } }
            }
            group.cancelAll()
        }
    }

    /// Looks at a host's panes again and again.
    private func watch(_ host: PaneHost) async {
        var pause = Self.lookPause
        while !Task.isCancelled, !Task.isShuttingDownGracefully {
            await host.remote?.waitForAttempt()
            do {
                put(.look(try await look(at: host)))
                pause = Self.lookPause
            } catch is CancellationError {
                return
            } catch {
                put(.unreachable(host: host.name, reason: Self.reason(error)))
                // Whether a remote host is there is known without asking it.
                pause = host.remote == nil ? min(pause * 2, Self.longestPause) : Self.lookPause
            }
            // tmux tells only a client that is attached to the pane's own session of changes.
            try? await Task.sleep(for: pause)  // cut short by the end
        }
    }

    private func lookOnce(at host: PaneHost) async {
        do { put(.look(try await look(at: host))) } catch {
            return  // the next look in its turn says what is wrong with the host
        }
    }

    func look(at host: PaneHost) async throws -> HostLook {
        let server = try await host.server()
        var look = HostLook(host: host.name, panes: [], existing: [])
        for found in try await server.watchablePanes() {
            let pane = found.pane
            let id = HostPane(host: host.name, pane: pane.id, server: pane.server)
            look.existing.insert(id)
            guard host.accepts(pane) else { continue }
            let tap = hosts.tap(of: id)
            let mayBeOurs = host.remote == nil ? pane.isTapped(into: hosts.taps) : pane.tap != nil
            let isTapped =
                pane.isPiped && mayBeOurs ? try await host.isWriting(pane, to: tap, server) : false
            let isOrphaned =
                !isTapped && pane.isPiped && host.remote == nil && pane.tap == tap
                && server.hasOrphanedWriter(of: tap, life: pane.server)
            look.panes.append(
                HostLook.Pane(
                    id: id, snapshot: pane, activity: found.activity, isTapped: isTapped,
                    isOrphaned: isOrphaned))
        }
        return look
    }

    private func perform(_ request: HostRequest) async {
        do {
            switch request {
            case .look: return
            case .dropTap(let host, let tap):
                hosts.hosts.first { $0.name == host }?.remote?.dropTap(tap)
            case .capture(let pane, let limit):
                let (server, address) = try await hosts.place(of: pane)
                put(.capture(pane, try await server.history(of: address, limit: limit)))
            case .lend(let pane, let limit, let note):
                put(.lent(pane, try await lend(pane, limit: limit, note)))
            case .findLoan(let pane, let read): put(.kept(pane, try await keptLoan(of: pane, read: read)))
            case .settleLoan(let pane): try await settleLoan(of: pane)
            case .giveBack(let pane):
                _ = try await giveBack(pane)
                put(.returned(pane))
            case .forgetTap(let pane):
                try await forgetTap(of: pane)
                put(.returned(pane))
            case .forget(let id, let pane):
                let (server, address) = try await hosts.place(of: pane)
                try await Typist(run: hosts.run, server: server, kind: .shell).forget(id, at: address)
            }
        } catch {
            switch request {
            case .capture(let pane, _), .lend(let pane, _, _), .findLoan(let pane, _), .giveBack(let pane),
                .forgetTap(let pane):
                put(.failed(pane))
            // The next look says what is wrong with the host.
            case .forget, .look, .dropTap, .settleLoan: break
            }
        }
    }

    func keptLoan(of pane: HostPane, read: Int64) async throws -> KeptLoan? {
        let (server, address) = try await hosts.place(of: pane)
        try hosts.host(of: pane)?.remote?.resumeTap(hosts.tap(of: pane), read: read)
        return try await server.keptLoan(of: address)
    }

    func settleLoan(of pane: HostPane) async throws {
        let (server, address) = try await hosts.place(of: pane)
        try await server.settleLoan(of: address)
    }

    private func lend(_ pane: HostPane, limit: Int, _ note: LoanNote) async throws -> PaneHistory? {
        let (server, address) = try await hosts.place(of: pane)
        let tap = hosts.tap(of: pane)
        let remote = hosts.host(of: pane)?.remote
        let written = try await remote?.beginTap(tap) ?? tap
        switch try await server.lendTap(of: address, to: written, limit: limit, note: note) {
        case .lent(let history): return history
        case .taken: return nil
        }
    }

    /// Ends our pipe on a pane and waits until its last bytes are in the tap; what the pane showed then.
    func giveBack(_ pane: HostPane) async throws -> PaneHistory? {
        let (server, address) = try await hosts.place(of: pane)
        let tap = hosts.tap(of: pane)
        if let remote = hosts.host(of: pane)?.remote {
            guard let written = try remote.writtenTap(tap) else { return nil }
            let history = try await server.returnTap(of: address, to: written, limit: 0)
            try await remote.endTap(tap)
            return history
        }
        let writer = server.writer(of: tap, life: address.server)
        let history = try await server.returnTap(of: address, to: tap, limit: 0)
        if let writer { _ = await ProcessEnder().waitForEnd(of: [writer], limit: .seconds(2)) }
        return history
    }

    private func forgetTap(of pane: HostPane) async throws {
        let (server, address) = try await hosts.place(of: pane)
        let tap = hosts.tap(of: pane)
        guard let remote = hosts.host(of: pane)?.remote else {
            return try await server.forgetTap(of: address, to: tap)
        }
        guard let written = try remote.writtenTap(tap) else { return }
        try await server.forgetTap(of: address, to: written)
        try await remote.endTap(tap)
    }

    /// The control client's life; its process is written down before it is used, for whoever comes after a kill of this
    /// one.
    private func keepControlClient(of host: PaneHost) async {
        guard let control = host.control else { return }
        let file = hosts.controlFile(of: host.name)
        await control.run { client in
            guard let client else { return try Files.remove(file) }
            try Files.write("\(client.pid) \(client.startTicks)\n", to: file, mode: .ownerReadWrite)
        }
    }

    static func reason(_ error: any Error) -> String {
        (error as? any UserFacingError)?.message ?? "\(error)"
    }
}
