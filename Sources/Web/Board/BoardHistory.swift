internal import Core
internal import Fleet
internal import Store

/// What the journal tells of the past, gathered row by row.
struct BoardHistory: Sendable {
    /// The last rows, the oldest first.
    private(set) var tail: [JournalEntry] = []
    private var stages: [RunID: [StageTurn]] = [:]
    private var turns: [Subject: [StateTurn]] = [:]
    /// The newest row that is in it.
    private(set) var last: Int64

    private struct StageTurn: Sendable {
        var stage: String
        var state: StageState
        var at: Timestamp
    }

    private struct StateTurn: Sendable {
        var state: AgentState
        var at: Timestamp
    }

    /// What the strip of an agent shows.
    static let stateWindow = Duration.seconds(3600)
    /// A run that never rests does not fill the memory.
    static let mostTurns = 400

    init(after last: Int64) { self.last = last }

    mutating func add(_ entries: [JournalEntry]) {
        for entry in entries {
            last = max(last, entry.id)
            switch entry.kind {
            case .stageChanged:
                guard let run = entry.draft.run, let stage = entry.draft.stage,
                    let state = (entry.payload["to"]?.string).flatMap(StageState.init(rawValue:))
                else { break }
                stages[run, default: []].append(StageTurn(stage: stage, state: state, at: entry.at))
                if stages[run, default: []].count > Self.mostTurns { stages[run]?.removeFirst() }
            case .agentState:
                guard let state = (entry.payload["state"]?.string).flatMap(AgentState.init(rawValue:)) else {
                    break
                }
                turns[entry.subject, default: []].append(StateTurn(state: state, at: entry.at))
            default: break
            }
        }
        tail = (tail + entries).suffix(BoardReader.journalRows)
    }

    /// Forgets runs that are shown no more, and states that are too old to be shown.
    mutating func forget(runsExcept shown: Set<RunID>, now: Timestamp) {
        stages = stages.filter { shown.contains($0.key) }
        for (subject, all) in turns {
            // The one before the window says what it was in at the window's beginning.
            let first = all.firstIndex { now.distance(from: $0.at) <= Self.stateWindow } ?? all.endIndex
            turns[subject] = Array(all[max(0, first - 1)...].suffix(Self.mostTurns))
        }
    }

    func spans(of run: PipelineRun) -> [StageSpan] {
        var spans: [StageSpan] = []
        var open: [String: Int] = [:]
        var attempts: [String: Int] = [:]
        for turn in stages[run.id] ?? [] {
            if let index = open.removeValue(forKey: turn.stage) { spans[index].to = turn.at }
            if turn.state == .running { attempts[turn.stage, default: 0] += 1 }
            guard turn.state != .idle else { continue }
            open[turn.stage] = spans.count
            spans.append(
                StageSpan(
                    stage: turn.stage, state: turn.state, attempt: max(1, attempts[turn.stage] ?? 1),
                    from: turn.at, to: nil))
        }
        // An end is a moment, not a while.
        for index in spans.indices where spans[index].to == nil {
            let isOver = spans[index].state == .completed || spans[index].state == .failed
            if isOver || run.endedAt != nil { spans[index].to = isOver ? spans[index].from : run.endedAt }
        }
        return spans
    }

    func states(of snapshot: AgentSnapshot, now: Timestamp) -> [StateSpan] {
        states(of: snapshot.agent.subject, now: snapshot.state, since: snapshot.since, at: now)
    }

    /// The state that was told last; nil when none was.
    func state(of subject: Subject) -> (state: AgentState, since: Timestamp)? {
        turns[subject]?.last.map { ($0.state, $0.at) }
    }

    func states(
        of subject: Subject, now state: AgentState, since: Timestamp?, at now: Timestamp
    ) -> [StateSpan] {
        let begin = now.advanced(by: .zero - Self.stateWindow)
        var spans: [StateSpan] = []
        for turn in turns[subject] ?? [] {
            if !spans.isEmpty { spans[spans.count - 1].to = turn.at }
            spans.append(StateSpan(state: turn.state, from: turn.at, to: nil))
        }
        if spans.last?.state != state, let since {
            if !spans.isEmpty { spans[spans.count - 1].to = since }
            spans.append(StateSpan(state: state, from: since, to: nil))
        }
        return spans.filter { $0.to.map { $0 > begin } ?? true }
    }
}
