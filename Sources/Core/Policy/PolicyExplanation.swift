/// What the stages of a run wait for, in words.
public struct PolicyExplanation: Sendable, Equatable {
    public struct Line: Sendable, Equatable {
        public var stage: String
        public var state: StageState
        public var attempt: Int
        /// In their order; none where nothing was written down.
        public var clauses: [Clause]
        /// When time alone changes something.
        public var until: Timestamp?

        /// One sentence without a full stop, in English.
        public var text: String { clauses.map(\.words).joined(separator: "; ") }
    }

    /// A part of what a stage waits for, which each page says in its own language.
    public enum Clause: Sendable, Equatable {
        /// Why it is in its state, in the words of the journal.
        case reason(String)
        case unknownStage
        case neverReached
        /// Behind another run.
        case queued
        case aboutToBegin
        /// Until the stage of this name is done.
        case behind(String)
        case trigger(Condition?, seen: [String])
        case retry(at: Timestamp)
        case answer(ApprovalID, failure: String?)
        case expiry(approves: Bool, at: Timestamp)
        case action(Int, of: Int)
        /// What made success certain before its actions are done.
        case certain(String)
        case success(Condition, seen: [String])
        case actionsAlone
        case neverCompletes
        case failure(Condition)
        case timeout(at: Timestamp)
    }

    public var run: RunID
    public var pipeline: String
    public var state: PipelineRun.State
    /// One for each stage, in order.
    public var lines: [Line]

    public init(of run: PipelineRun, in policy: Policy, classic: Bool = false) {
        self.run = run.id
        pipeline = run.pipeline
        state = run.state
        let definition = policy.pipeline(named: run.pipeline)
        lines = run.stages.indices.map { index in
            let stage = run.stages[index]
            let clauses =
                definition?.stage(named: stage.name).map {
                    Self.clauses(stage, $0, in: run, at: index, classic: classic)
                } ?? [.unknownStage]
            let times = [stage.memory.deadline, stage.memory.retryAt, stage.memory.question?.expiresAt]
            return Line(
                stage: stage.name, state: stage.state, attempt: stage.attempt, clauses: clauses,
                until: times.compactMap(\.self).min())
        }
    }

    /// The short form for a table: the stage that counts and its state, `completed`, or nil without runs.
    ///
    /// Of several runs, one that waits for a person comes first, then one that is under way, then the one
    /// that ended last.
    public static func column(for runs: [PipelineRun]) -> String? {
        let open = runs.filter { !$0.isEnded && $0.state != .queued }
        let asking = open.last { run in
            run.currentStage.map { run.stages[$0].state == .waitingApproval } ?? false
        }
        guard let run = asking ?? open.last ?? runs.last(where: \.isEnded) ?? runs.last else { return nil }
        guard run.state != .completed, let stage = run.currentStage else { return run.state.rawValue }
        guard run.state != .cancelled else { return "cancelled" }
        return "\(run.stages[stage].name) \(run.stages[stage].state.rawValue)"
    }

    private static func clauses(
        _ stage: StageRun, _ definition: Stage, in run: PipelineRun, at index: Int, classic: Bool
    ) -> [Clause] {
        let reasons = stage.reason.map { $0.isEmpty ? [] : [Clause.reason($0)] } ?? []
        switch stage.state {
        case .idle:
            if stage.memory.isPassed || run.isEnded { return reasons.isEmpty ? [.neverReached] : reasons }
            if run.state == .queued { return [.queued] }
            return [index > 0 ? .behind(run.stages[index - 1].name) : .aboutToBegin]
        case .waitingTrigger:
            guard let due = stage.memory.retryAt else {
                return [.trigger(definition.triggers, seen: seen(stage))]
            }
            // The reason ends with the time, too.
            let time = "; at \(due.iso8601)"
            let reason = stage.reason ?? ""
            let why = reason.hasSuffix(time) ? String(reason.dropLast(time.count)) : reason
            return [.reason(why), .retry(at: due)]
        case .waitingApproval:
            guard let question = stage.memory.question else { return reasons }
            let answer = Clause.answer(question.id, failure: stage.memory.failure)
            guard let due = question.expiresAt else { return [answer] }
            return [answer, .expiry(approves: question.onExpire == .approve, at: due)]
        case .running: return running(stage, definition, classic: classic)
        case .completed, .failed: return reasons
        }
    }

    private static func running(_ stage: StageRun, _ definition: Stage, classic: Bool) -> [Clause] {
        var clauses: [Clause] = []
        if stage.memory.awaited != nil {
            clauses.append(.action(stage.memory.nextAction, of: definition.actionsOnStart.count))
        }
        if let success = stage.memory.success {
            clauses.append(.certain(success))
        } else if let condition = definition.successWhen {
            clauses.append(.success(condition, seen: seen(stage)))
        } else {
            clauses.append(classic ? .neverCompletes : .actionsAlone)
        }
        if let condition = definition.failWhen { clauses.append(.failure(condition)) }
        if let due = stage.memory.deadline { clauses.append(.timeout(at: due)) }
        return clauses
    }

    private static func seen(_ stage: StageRun) -> [String] {
        stage.memory.seen.map { PolicyText.excerpt(String($0.dropFirst(2))) }
    }
}

extension PolicyExplanation.Clause {
    /// In English, without a capital and a full stop.
    public var words: String {
        switch self {
        case .reason(let reason): reason
        case .unknownStage: "the policy has no such stage any more"
        case .neverReached: "was never reached"
        case .queued: "waits for the run before it"
        case .aboutToBegin: "is about to begin"
        case .behind(let stage): "waits until stage \(PolicyText.quoted(stage)) is done"
        case .trigger(let condition, let seen):
            "waits for \(condition?.words ?? "its turn")" + Self.suffix(seen)
        case .retry(let time): "next try at \(time.iso8601)"
        case .answer(let id, let failure):
            "waits for an answer to approval \(id)" + (failure.map { " after it failed: \($0)" } ?? "")
        case .expiry(let approves, let time):
            "without one it is \(approves ? "approved" : "rejected") at \(time.iso8601)"
        case .action(let number, let count): "waits for action \(number) of \(count)"
        case .certain(let why): "success is certain (\(why)) when its actions are done"
        case .success(let condition, let seen): "succeeds on \(condition.words)" + Self.suffix(seen)
        case .actionsAlone: "succeeds when its actions are done"
        case .neverCompletes: "has no success_when, so it never completes"
        case .failure(let condition): "fails on \(condition.words)"
        case .timeout(let time): "fails at \(time.iso8601)"
        }
    }

    private static func suffix(_ seen: [String]) -> String {
        seen.isEmpty ? "" : " (seen: \(seen.joined(separator: ", ")))"
    }
}
