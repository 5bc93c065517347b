internal import Core
public import Fleet
internal import ProcessKit
internal import Store
internal import TerminalKit
internal import Watch

/// The panes that somebody looks at, read as their taps grow.
///
/// Only a few are kept, those that were asked for last; memory does not grow with what they print.
public actor PaneViews {
    /// Reading a tap takes a while that nobody else should wait for.
    private let executor = BlockingExecutor(label: "pane-views")
    public nonisolated var unownedExecutor: UnownedSerialExecutor {
        unsafe executor.asUnownedSerialExecutor()
    }

    private let context: FleetContext
    private let most: Int
    private var open: [AgentID: OpenPane] = [:]
    private var uses = 0
    private var followers = 0

    /// How many panes are kept open when nobody says otherwise.
    public static let standardMost = 8

    public init(context: FleetContext, most: Int = standardMost) {
        self.context = context
        self.most = max(1, most)
    }

    /// What is new since `place`; nil when nothing is, or when there is no such agent or it has printed nothing.
    ///
    /// `name` is an agent's id, its branch, its session, or its pane's id on its server.
    public func update(of name: String, after place: PanePlace? = nil) async throws -> PaneUpdate? {
        guard let agent = try await agent(named: name) else { return nil }
        var pane: OpenPane
        if let kept = open.removeValue(forKey: agent.id), !kept.follower.isStale {
            pane = kept
        } else {
            guard let follower = try await PaneFollower(agent, context: context) else { return nil }
            followers += 1
            pane = OpenPane(follower: follower, number: followers)
        }
        // Left out while it was read: nobody else may read the same follower meanwhile.
        try pane.catchUp()
        uses += 1
        pane.used = uses
        open[agent.id] = pane
        if open.count > most, let oldest = open.min(by: { $0.value.used < $1.value.used })?.key {
            open[oldest] = nil
        }
        return pane.update(of: agent, after: place)
    }

    /// The pane's text without colours: what has scrolled off, as far as it is kept, and the screen.
    public func text(of name: String) async throws -> String? {
        guard try await update(of: name) != nil, let agent = try await agent(named: name) else { return nil }
        return open[agent.id]?.text
    }

    /// How many panes are kept.
    var openCount: Int { open.count }

    private func agent(named name: String) async throws -> Agent? {
        try await context.store.agents().first { agent in
            agent.id.rawValue == name || agent.place.branch == name || agent.place.session.rawValue == name
                || agent.pane?.pane.description == name
        }
    }
}
