internal import Core
public import Fleet
internal import GitKit
internal import Store

/// Reads the board of one fleet.
///
/// Reading often is cheap: what cannot have changed since the last time is remembered, and while a daemon watches the
/// fleet neither tmux nor git is asked.
public struct BoardReader: Sendable {
    private let context: FleetContext
    private let memory: BoardMemory

    /// How many journal rows a board has.
    public static let journalRows = 120
    /// And how many messages.
    public static let notices = 50

    public init(context: FleetContext) {
        self.context = context
        memory = BoardMemory(context: context)
    }

    public func read() async throws -> Board {
        let now = context.surroundings.now()
        let isWatched = try context.isWatched()
        let list = SessionList(context: context)
        let snapshots = isWatched ? try await list.written() : try await list.load()
        let runs = try await context.store.latestRuns()
        let questions = try await context.store.pendingApprovals()
        let policy = await memory.policy()
        let notices = try await context.store.notices(limit: Self.notices)
        let tasks = try await context.store.orchestratorBoard(decisions: 0).rows
        let history = try await memory.history(runs: runs, now: now)
        let branches = try await memory.branches()
        let lines = await memory.lastLines(of: snapshots.map(\.agent))

        let agents = snapshots.map { snapshot in
            let id = snapshot.agent.id
            return BoardAgent(
                snapshot: snapshot, lastLine: lines[id], states: history.states(of: snapshot, now: now))
        }
        var approvals: [BoardApproval] = []
        for question in questions {
            approvals.append(
                BoardApproval(
                    approval: question, branch: branches[question.subject],
                    diff: await memory.diff(of: question, now: now),
                    channels: try await context.store.channels(of: question.id)))
        }
        return Board(
            at: now, fleet: context.configuration.name, isWatched: isWatched, isTrusted: context.isTrusted,
            agents: agents, approvals: approvals,
            runs: runs.map { run in
                BoardRun(
                    run: run, branch: branches[run.subject], spans: history.spans(of: run),
                    explanation: policy.policy.map { policy in
                        PolicyExplanation(of: run, in: policy).lines.map(\.text)
                    } ?? [])
            }.sorted { $0.run.startedAt > $1.run.startedAt },
            journal: history.tail.reversed().map { BoardEntry(entry: $0, branch: branches[$0.subject]) },
            notices: notices.map { BoardNotice($0) }, policy: policy, tasks: tasks,
            isOrchestrated: try context.isOrchestrated(),
            hasSummaries: context.configuration.summary.command != nil)
    }
}
