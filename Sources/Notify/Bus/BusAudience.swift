public import Core
internal import Store
internal import TmuxKit

/// Into what the orders of a bus are typed.
public enum BusAudience: Sendable {
    /// The fleet's agents.
    case agents
    /// The panes that `run` watches at the moment.
    case panes(@Sendable () throws -> [WatchedPane])
}

/// Whom one order means.
struct BusAddressee: Sendable, Equatable {
    var subject: Subject
    /// A branch, or `session:window`.
    var name: String
}

extension BusAudience {
    /// Nil when the order is for somebody else.
    func addressee(
        of command: BusCommand, in store: FleetStore
    ) async throws -> Result<BusAddressee, BusRefusal>? {
        switch self {
        case .agents: try await agent(of: command, in: store)
        case .panes(let watched): try await pane(of: command, among: try watched(), in: store)
        }
    }

    private func agent(
        of command: BusCommand, in store: FleetStore
    ) async throws -> Result<BusAddressee, BusRefusal> {
        switch command.agent(among: try await store.agents()) {
        case .failure(let refusal): return .failure(refusal)
        case .success(let agent):
            let branch = agent.place.branch
            if command.fleet == nil, command.isByBranch, try await store.isAgentOfOtherFleet(branch: branch) {
                return .failure(.ambiguous(branch))
            }
            return .success(BusAddressee(subject: agent.subject, name: branch))
        }
    }

    /// Where nobody names the configuration of `run`, what fleets have agents for is left to their daemons: no order is
    /// typed twice.
    private func pane(
        of command: BusCommand, among watched: [WatchedPane], in store: FleetStore
    ) async throws -> Result<BusAddressee, BusRefusal>? {
        let isNamed = command.fleet != nil
        if !isNamed,
            try await store.isAgentOfOtherFleet(
                branch: command.branch, session: command.session,
                pane: command.host == nil ? command.pane : nil)
        {
            return nil
        }
        let found = watched.filter { command.means($0) }
        guard let pane = found.first else { return .failure(.noPane(command.said)) }
        guard found.count == 1 else { return .failure(.severalPanes(command.said, found.count)) }
        if !isNamed, try await store.isAgents(pane.pane) { return nil }
        return .success(BusAddressee(subject: .pane(pane.pane), name: pane.place))
    }
}

extension BusCommand {
    /// A session or pane is one on the whole machine; a branch may be in many repositories.
    fileprivate var isByBranch: Bool { session == nil && pane == nil }

    fileprivate var said: String {
        (host.map { "\($0):" } ?? "") + [branch, session, pane].compactMap(\.self).joined(separator: ", ")
    }

    /// The one agent that all given names fit.
    fileprivate func agent(among agents: [Agent]) -> Result<Agent, BusRefusal> {
        if let host, !["local", "localhost"].contains(host) { return .failure(.notFound(said)) }
        let names = [branch, session, pane].compactMap(\.self).joined(separator: ", ")
        let inPane = pane.map { PaneID($0).map { agents.living(in: $0) } ?? [] }
        let found = (inPane ?? agents).filter { agent in
            (branch.map { $0 == agent.place.branch } ?? true)
                && (session.map { $0 == agent.place.session.rawValue } ?? true)
        }
        guard let only = found.first else {
            let isOneName = [branch, session, pane].count { $0 != nil } == 1
            return .failure(isOneName ? .notFound(names) : .different(names))
        }
        return found.count == 1 ? .success(only) : .failure(.sharedPane(names))
    }

    /// `branch` is what the pages show in its place: `session:window`.
    fileprivate func means(_ watched: WatchedPane) -> Bool {
        (host.map { $0 == watched.pane.host } ?? true) && (branch.map { $0 == watched.place } ?? true)
            && (session.map { $0 == watched.session } ?? true)
            && (pane.map { $0 == watched.pane.pane.description } ?? true)
    }
}
