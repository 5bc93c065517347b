internal import Core
internal import Fleet
internal import ProcessKit
internal import Store
internal import SystemPackage
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

    private let context: SiteContext
    private let most: Int
    private var open: [AgentID: OpenPane] = [:]
    private var uses = 0
    private var followers = 0

    /// How many panes are kept open when nobody says otherwise.
    public static let standardMost = 8

    public init(context: SiteContext, most: Int = standardMost) {
        self.context = context
        self.most = max(1, most)
    }

    /// What is new since `place`; nil when nothing is, or when there is no such agent or it has printed nothing.
    ///
    /// `name` is an agent's id, its branch, its session, or its pane's id on its server; of a pane that `run` watches the
    /// id of its ``BoardPane``, or `host~%3`.
    public func update(of name: String, after place: PanePlace? = nil) async throws -> PaneUpdate? {
        guard let subject = try await subject(named: name) else { return nil }
        var pane: OpenPane
        if let kept = open.removeValue(forKey: subject.id), !kept.follower.isStale {
            pane = kept
        } else {
            guard let follower = try await follower(of: subject) else { return nil }
            followers += 1
            pane = OpenPane(follower: follower, number: followers)
        }
        // Left out while it was read: nobody else may read the same follower meanwhile.
        try pane.catchUp()
        uses += 1
        pane.used = uses
        open[subject.id] = pane
        if open.count > most, let oldest = open.min(by: { $0.value.used < $1.value.used })?.key {
            open[oldest] = nil
        }
        return pane.update(of: subject.id, pane: subject.pane, branch: subject.name, after: place)
    }

    /// The pane's text without colours: what has scrolled off, as far as it is kept, and the screen.
    public func text(of name: String) async throws -> String? {
        guard try await update(of: name) != nil, let subject = try await subject(named: name) else {
            return nil
        }
        return open[subject.id]?.text
    }

    /// How many panes are kept.
    var openCount: Int { open.count }

    private enum Shown {
        case agent(Agent)
        case watched(WatchedPane)

        /// Under which it is kept and told.
        var id: AgentID {
            switch self {
            case .agent(let agent): agent.id
            case .watched(let watched): AgentID(BoardPane.id(of: watched.pane))
            }
        }

        var pane: String {
            switch self {
            case .agent(let agent): agent.pane?.pane.description ?? ""
            case .watched(let watched): BoardPane.name(of: watched.pane)
            }
        }

        var name: String {
            switch self {
            case .agent(let agent): agent.place.branch
            case .watched(let watched): watched.place
            }
        }
    }

    private func subject(named name: String) async throws -> Shown? {
        if let agent = try await context.store.agents().meant(by: name).first { return .agent(agent) }
        return try context.watchedPanes().first { BoardPane.isNamed(name, $0.pane) }.map { .watched($0) }
    }

    private func follower(of subject: Shown) async throws -> PaneFollower? {
        switch subject {
        case .agent(let agent):
            guard let fleet = context.fleet else { return nil }
            return try await PaneFollower(agent, context: fleet)
        case .watched(let watched):
            guard let taps = context.taps else { return nil }
            let tap = taps.appending("\(BoardPane.id(of: watched.pane)).tap")
            return try await PaneFollower(watched.pane, tap: tap, store: context.store)
        }
    }
}
