internal import Core
internal import Fleet
internal import GitKit
internal import Store
internal import SystemPackage

/// Reads the board of one fleet.
///
/// Reading often is cheap: what cannot have changed since the last time is remembered, and while a daemon watches the
/// fleet neither tmux nor git is asked.
public struct BoardReader: Sendable {
    let context: SiteContext
    let memory: BoardMemory

    /// How many journal rows a board has.
    public static let journalRows = 120
    /// And how many messages.
    public static let notices = 50

    public init(context: SiteContext) {
        self.context = context
        memory = BoardMemory(context: context)
    }

    public func read() async throws -> Board {
        let now = context.surroundings.now()
        let isWatched = try context.isWatched()
        let snapshots = try await snapshots(isWatched: isWatched)
        let watched = await memory.watchedPanes()
        let runs = try await context.store.latestRuns()
        let questions = try await context.store.pendingApprovals()
        let policy = await memory.policy()
        let notices = try await context.store.notices(limit: Self.notices)
        let tasks = try await context.store.orchestratorBoard(decisions: 0).rows
        let history = try await memory.history(runs: runs, now: now)
        let branches = try await memory.branches()
        let lines = await memory.lastLines(of: taps(of: snapshots.map(\.agent), and: watched))

        let agents = snapshots.map { snapshot in
            let id = snapshot.agent.id
            return BoardAgent(
                snapshot: snapshot, lastLine: lines[id.rawValue],
                states: history.states(of: snapshot, now: now))
        }
        var shownNotices: [BoardNotice] = []
        for notice in notices {
            shownNotices.append(BoardNotice(notice, approval: try await memory.question(of: notice)))
        }
        var approvals: [BoardApproval] = []
        for question in questions {
            approvals.append(
                BoardApproval(
                    approval: question, branch: place(of: question.subject, branches),
                    diff: await memory.diff(of: question, now: now),
                    channels: try await context.store.channels(of: question.id)))
        }
        return Board(
            at: now, fleet: context.name, isWatched: isWatched, isTrusted: context.isTrusted,
            agents: agents, approvals: approvals,
            runs: runs.map { run in
                BoardRun(
                    run: run, branch: place(of: run.subject, branches), spans: history.spans(of: run),
                    explanation: policy.policy.map { policy in
                        PolicyExplanation(of: run, in: policy, classic: context.panes != nil).lines.map(
                            \.clauses)
                    } ?? [])
            }.sorted { $0.run.startedAt > $1.run.startedAt },
            journal: history.tail.reversed().map {
                BoardEntry(entry: $0, branch: place(of: $0.subject, branches))
            },
            notices: shownNotices, policy: policy, tasks: tasks,
            isOrchestrated: try context.isOrchestrated(),
            orchestratorBeat: tasks.isEmpty ? nil : try await memory.beat(now: now),
            hasSummaries: context.fleet?.configuration.summary.command != nil,
            panes: watched.map { pane in
                board(pane, history, runs, questions, line: lines[BoardPane.id(of: pane.pane)], at: now)
            }, watchCommand: context.watchCommand)
    }

    private func snapshots(isWatched: Bool) async throws -> [AgentSnapshot] {
        guard let fleet = context.fleet else { return [] }
        let list = SessionList(context: fleet)
        return isWatched ? try await list.written() : try await list.load()
    }

    private func taps(of agents: [Agent], and panes: [WatchedPane]) -> [(name: String, tap: FilePath)] {
        let own = agents.compactMap { agent in agent.tap.map { (name: agent.id.rawValue, tap: $0) } }
        guard let taps = context.taps else { return own }
        return own
            + panes.map { pane in
                let id = BoardPane.id(of: pane.pane)
                return (name: id, tap: taps.appending("\(id).tap"))
            }
    }

    /// How people call a subject: by its branch, or by host and pane.
    func place(of subject: Subject, _ branches: [Subject: String]) -> String? {
        guard case .pane(let pane) = subject else { return branches[subject] }
        return pane.name
    }

    private func board(
        _ watched: WatchedPane, _ history: BoardHistory, _ runs: [PipelineRun], _ questions: [Approval],
        line: String?, at now: Timestamp
    ) -> BoardPane {
        let subject = Subject.pane(watched.pane)
        let told = history.state(of: subject)
        let state = told?.state ?? .unknown
        let run = runs.filter { $0.subject == subject }.max { $0.startedAt < $1.startedAt }
        return BoardPane(
            watched: watched, state: state, since: told?.since, stage: run.flatMap { StageProgress($0) },
            pendingApprovals: questions.count { $0.subject == subject }, lastLine: line,
            states: history.states(of: subject, now: state, since: told?.since, at: now))
    }
}
