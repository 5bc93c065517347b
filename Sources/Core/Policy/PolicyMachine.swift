/// Runs one subject through the pipelines that match it.
///
/// Pure: the same values and events give the same effects. All it must remember over a restart is in its
/// runs, so a machine made of stored runs goes on exactly where the last one stopped. Stages of a run go one
/// after another; runs of different pipelines are independent.
public struct PolicyMachine: Sendable {
    /// More runs than this behind a running one are not kept: a storm of events must not fill the database.
    public static let longestQueue = 16

    public internal(set) var policy: Policy
    public internal(set) var facts: SubjectFacts
    /// Every run that has not ended, and the last one of each pipeline, in order of beginning.
    public internal(set) var runs: [PipelineRun]
    /// Panes that were not spawned here: a stage without `success_when` never completes.
    public let classic: Bool
    var lastTick: Timestamp?
    /// Set when a run may have to begin, or to be adapted, that no signal begins.
    var isUnsettled = true
    /// Set when the policy is not the one that the runs have been adapted to.
    var isPolicyNew = true
    /// Set when the policy changed under the runs, and not only the process that has them.
    var isPolicyEdited = false
    /// Index of the pipeline of each run, kept beside `runs`; nil after the pipeline left the policy.
    var pipelineOfRun: [Int?] = []
    /// Which pipelines match the facts, and what they listen to, kept beside the policy's.
    var matching: [Bool] = []
    var listeners: [PipelineListeners]

    /// `runs`: the stored runs of the subject, ended ones too (at least the last of each pipeline), oldest
    /// first.
    public init(policy: Policy, facts: SubjectFacts, runs: [PipelineRun] = [], classic: Bool = false) {
        self.policy = policy
        self.facts = facts
        self.runs = runs
        self.classic = classic
        listeners = policy.pipelines.map(PipelineListeners.init)
        findPipelines()
        findMatches()
    }

    /// Decides; effects are to be stored in one transaction with the event, and done afterwards.
    ///
    /// Pipelines that begin by themselves do so at the first event, which may be a `tick`.
    public mutating func receive(
        _ event: PolicyEvent, at time: Timestamp, ids: IDMaker
    ) -> [PolicyEffect] {
        var turn = Turn(time: time, ids: ids)
        // The clock was set back: timers that ran out before may run out again.
        if let last = lastTick, time < last { lastTick = nil }
        let isLast = if case .subjectGone = event { true } else { false }
        if !isLast { settle(&turn) }
        switch event {
        case .signals(let groups): for group in groups { take(group, &turn) }
        case .actionEnded(let result): take(result, &turn)
        case .approvalAnswered(let id, let answer): take(answer, to: id, &turn)
        case .tick:
            lastTick = time
            passTime(&turn)
        case .policyReplaced(let policy):
            self.policy = policy
            listeners = policy.pipelines.map(PipelineListeners.init)
            (isPolicyNew, isPolicyEdited, isUnsettled) = (true, true, true)
            findPipelines()
            findMatches()
        case .factsChanged(let facts):
            self.facts = facts
            isUnsettled = true
            findMatches()
        case .subjectGone:
            for index in runs.indices where !runs[index].isEnded {
                end(index, .cancelled, "the subject is gone", &turn)
            }
        case .reset(let pipeline, let stage): reset(pipeline: pipeline, stage: stage, &turn)
        case .retry(let pipeline): retry(pipeline: pipeline, &turn)
        }
        if isLast { isUnsettled = false } else { settle(&turn) }
        return turn.effects.withoutSupersededNotes()
    }

    /// The regular expressions of the pipelines that match or have a run under way: no other line means
    /// anything.
    ///
    /// Changes only with the policy, the facts and the runs that begin and end.
    public var linePatterns: [Pattern] {
        let open = Set(runs.filter { !$0.isEnded }.map(\.pipeline))
        return zip(policy.pipelines, matching).filter { $1 || open.contains($0.name) }.flatMap {
            $0.0.linePatterns
        }
    }

    /// The questions that its runs wait for.
    public var openQuestions: [ApprovalID] {
        runs.filter { $0.state == .running }.compactMap { run in
            run.currentStage.flatMap { run.stages[$0].memory.question?.id }
        }
    }

    /// What happens during one call of `receive`.
    struct Turn {
        let time: Timestamp
        let ids: IDMaker
        /// What is being looked at now, for conditions of a stage that begins to wait because of it.
        var group: [Signal] = []
        var effects: [PolicyEffect] = []
    }

    mutating func findPipelines() {
        pipelineOfRun = runs.map { run in policy.pipelines.firstIndex { $0.name == run.pipeline } }
    }

    private mutating func findMatches() { matching = policy.pipelines.map { $0.matches(facts) } }

    private mutating func take(_ group: [Signal], _ turn: inout Turn) {
        turn.group = group
        defer { turn.group = [] }
        var kinds: SignalKinds = []
        for signal in group {
            kinds.formUnion(signal.body.kind)
            if case .state(let state, _, _) = signal.body { facts.state = state }
        }
        // Runs that this group begins are appended and have already looked at it.
        for index in 0..<runs.count where runs[index].state == .running && hears(index, group, kinds) {
            advance(index, &turn)
        }
        for index in policy.pipelines.indices
        where matching[index] && listeners[index].starts.hears(group, of: kinds) {
            guard let condition = policy.pipelines[index].startsOn else { continue }
            begin(index, ifHolds: condition, &turn)
        }
        if isUnsettled { settle(&turn) }
    }

    /// Whether the group can change the stage that the run has come to.
    private func hears(_ index: Int, _ group: [Signal], _ signals: SignalKinds) -> Bool {
        guard let pipeline = pipelineOfRun[index], let stage = runs[index].currentStage,
            stage < listeners[pipeline].stages.count
        else { return false }
        switch runs[index].stages[stage].state {
        case .waitingTrigger: return listeners[pipeline].stages[stage].waiting.hears(group, of: signals)
        case .running: return listeners[pipeline].stages[stage].running.hears(group, of: signals)
        case .idle, .waitingApproval, .completed, .failed: return false
        }
    }

    private mutating func take(_ result: ActionResult, _ turn: inout Turn) {
        for index in runs.indices where runs[index].state == .running {
            guard let stage = runs[index].currentStage,
                runs[index].stages[stage].memory.awaited == result.item
            else { continue }
            take(result, index, stage, &turn)
            return
        }
    }

    private mutating func take(_ answer: ApprovalAnswer, to id: ApprovalID, _ turn: inout Turn) {
        for index in runs.indices where runs[index].state == .running {
            guard let stage = runs[index].currentStage,
                runs[index].stages[stage].memory.question?.id == id
            else { continue }
            answered(answer, index, stage, &turn)
            return
        }
    }
}
