public import Core
public import Fleet
internal import ProcessKit
public import Store
public import SystemPackage
public import TerminalKit

/// Follows an agent's tap to show its pane, beside the watcher and without changing anything.
///
/// It begins at the newest screen that the watcher stored, so that a long tap costs no more than a short one.
/// Owned by one task at a time.
public struct PaneFollower {
    private var follower: TapFollower

    /// Nil while the agent has printed nothing.
    public init?(_ agent: Agent, context: FleetContext) async throws {
        guard let tap = agent.tap, Files.exists(tap) else { return nil }
        let (settings, subject) = (context.configuration.tmux, agent.subject)
        var place = TapFollower.Place()
        if let position = try await context.store.tapPosition(of: subject),
            position.offset <= Files.size(tap) ?? 0
        {
            place = try await .load(subject, upTo: position.offset, from: context.store)
            place.generation = position.generation
            place.sizes = try await context.store.fileOffset(Watcher.sizesReader(of: agent.id))
        }
        follower = try TapFollower(
            path: tap, kind: AgentKind(agent.program.kind),
            size: TerminalSize(columns: settings.columns, rows: settings.rows), from: place,
            latest: agent.generation)
    }

    /// Of a pane that `run` watches; nil while nothing of it is kept.
    public init?(_ pane: HostPane, tap: FilePath, store: FleetStore) async throws {
        guard Files.exists(tap) else { return nil }
        let subject = Subject.pane(pane)
        var place = TapFollower.Place()
        if let position = try await store.tapPosition(of: subject),
            position.offset <= Files.size(tap) ?? 0
        {
            place = try await .load(subject, upTo: position.offset, from: store)
            place.generation = position.generation
        }
        follower = try TapFollower(
            path: tap, kind: .shell, size: TerminalSize(columns: 80, rows: 24), from: place)
    }

    /// Reads at most one piece of what is new; false at the end of the tap.
    public mutating func readNext() throws -> Bool {
        let bytes = try follower.nextBytes(limit: Self.piece)
        guard !bytes.isEmpty else { return false }
        let before = follower.offset
        _ = try follower.read(bytes)
        return follower.offset > before
    }

    /// Small enough that rows which scroll off are still in the screen's history when it has been read.
    private static let piece = 8 << 10

    /// True when the tap was replaced or cut: a new follower must be made.
    public var isStale: Bool { follower.isReplaced || (Files.size(follower.path) ?? 0) < follower.offset }

    /// The screen as it stands.
    public var screen: TerminalScreen { follower.reader.screen }

    /// The tap offset up to which it was read.
    public var offset: Int64 { follower.offset }
}
