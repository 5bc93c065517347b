internal import Core
public import Fleet
internal import ProcessKit
public import ServiceLifecycle
internal import Store
internal import Synchronization
internal import SystemPackage
internal import TmuxKit

/// Asks tmux beside the watcher's loop: a server that does not answer delays nobody's bytes.
public final class PaneObserver: Service {
    enum Request: Sendable {
        /// Which of these live, how they ended, and whether what they print reaches their taps.
        case panes([Agent])
        case screen(ScreenQuestion)
        /// The end of an action is written down: tmux need not remember it any more.
        case forget(OutboxID, Agent)
    }

    enum Observation: Sendable {
        /// Nil: there is no pane.
        case pane(AgentID, PaneSnapshot?, Arming)
        case unreachable(socket: String, reason: String)
        case reachable(socket: String)
        case screen(AgentID, offset: Int64, ScreenDifference?)
        case size(AgentID, offset: Int64, TerminalSize)
    }

    /// What was done about a pane's pipe.
    enum Arming: Sendable {
        case nothing
        /// It had died and appends again.
        case goesOn
        /// It writes a new file: the tap had been removed.
        case beginsAnew
    }

    private let context: FleetContext
    private let servers: ServerPool
    private let wake: @Sendable () -> Void
    private let requests: AsyncStream<Request>
    private let ask: AsyncStream<Request>.Continuation
    private let observations = Mutex<[Observation]>([])

    public init(context: FleetContext, servers: ServerPool, wake: @escaping @Sendable () -> Void) {
        self.context = context
        self.servers = servers
        self.wake = wake
        // What is dropped in a flood is asked again by the next sweep.
        (requests, ask) = AsyncStream.makeStream(bufferingPolicy: .bufferingNewest(512))
    }

    func request(_ request: Request) { ask.yield(request) }

    func take() -> [Observation] {
        observations.withLock { observations in
            defer { observations = [] }
            return observations
        }
    }

    private func put(_ found: [Observation]) {
        guard !found.isEmpty else { return }
        observations.withLock { $0 += found }
        wake()
    }

    public func run() async throws {
        await withDiscardingTaskGroup { group in
            for await request in requests.cancelOnGracefulShutdown() {
                switch request {
                case .panes(let agents):
                    for (socket, agents) in Dictionary(grouping: agents, by: { $0.pane?.server.socket ?? "" })
                    {
                        group.addTask { await self.look(at: agents, on: socket) }
                    }
                case .screen(let question): group.addTask { await self.check(question) }
                case .forget(let id, let agent): group.addTask { await self.forget(id, agent) }
                }
            }
            group.cancelAll()
        }
    }

    private func look(at agents: [Agent], on socket: String) async {
        do {
            guard let pane = agents.first?.pane else { return }
            let server = try servers.server(of: pane)
            let panes = Dictionary(
                grouping: try await server.panesWithEnds().filter { $0.agent != nil }, by: \.agent)
            var found: [Observation] = [.reachable(socket: socket)]
            for agent in agents {
                let own = panes[agent.id] ?? []
                let pane = own.first { !$0.isDead } ?? own.first
                found.append(.pane(agent.id, pane, try await arm(pane, agent, server)))
            }
            put(found)
        } catch is CancellationError {
        } catch {
            put([.unreachable(socket: socket, reason: (error as? any UserFacingError)?.message ?? "\(error)")]
            )
        }
    }

    /// Arms a pipe that has died; a pipe whose file was removed is dead too.
    private func arm(_ pane: PaneSnapshot?, _ agent: Agent, _ server: TmuxServer) async throws -> Arming {
        guard let pane, !pane.isDead, let tap = agent.tap else { return .nothing }
        switch server.tapState(pane) {
        case .alive, .foreign, .unknown: return .nothing
        case .none, .silent:
            let isThere = Files.exists(tap)
            guard try await server.armTap(pane, to: tap) == .armed else { return .nothing }
            return isThere ? .goesOn : .beginsAnew
        }
    }

    /// A difference counts when it still stands after a moment in which nothing was printed: what tmux shows already may
    /// still be on its way through the pipe.
    private func check(_ question: ScreenQuestion) async {
        do {
            let server = try servers.server(of: question.pane)
            var difference: ScreenDifference?
            for pause in [Duration.zero, .milliseconds(300)] {
                try await Task.sleep(for: pause)
                guard Files.size(question.tap) == question.offset else { return }
                let capture = try await server.capture(question.address)
                guard Files.size(question.tap) == question.offset, !capture.pane.isDead else { return }
                let size = TerminalSize(columns: capture.pane.columns, rows: capture.pane.rows)
                guard size == question.size else {
                    if pause > .zero { put([.size(question.agent, offset: question.offset, size)]) }
                    continue
                }
                difference = question.difference(from: capture)
                if difference == nil { break }
            }
            put([.screen(question.agent, offset: question.offset, difference)])
        } catch {
            return  // no answer is no difference; the sweep says what is wrong with the server
        }
    }

    private func forget(_ id: OutboxID, _ agent: Agent) async {
        guard let pane = agent.pane else { return }
        do {
            let typist = try Typist(
                context: context, server: try servers.server(of: pane), kind: AgentKind(agent.program.kind))
            try await typist.forget(id, at: PaneAddress(pane: pane.pane, server: pane.server))
        } catch {
            return  // an id that tmux keeps costs some bytes and is never used again
        }
    }
}
