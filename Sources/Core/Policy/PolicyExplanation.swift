/// What the stages of a run wait for, in words.
public struct PolicyExplanation: Sendable, Equatable {
    public struct Line: Sendable, Equatable {
        public var stage: String
        public var state: StageState
        public var attempt: Int
        /// One sentence without a full stop.
        public var text: String
        /// When time alone changes something.
        public var until: Timestamp?
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
            let text: String
            if let definition = definition?.stage(named: stage.name) {
                text = Self.text(stage, definition, in: run, at: index, classic: classic)
            } else {
                text = "the policy has no such stage any more"
            }
            let times = [stage.memory.deadline, stage.memory.retryAt, stage.memory.question?.expiresAt]
            return Line(
                stage: stage.name, state: stage.state, attempt: stage.attempt, text: text,
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

    private static func text(
        _ stage: StageRun, _ definition: Stage, in run: PipelineRun, at index: Int, classic: Bool
    ) -> String {
        let reason = stage.reason ?? ""
        switch stage.state {
        case .idle:
            if stage.memory.isPassed || run.isEnded { return reason.isEmpty ? "was never reached" : reason }
            if run.state == .queued { return "waits for the run before it" }
            guard index > 0 else { return "is about to begin" }
            return "waits until stage \(PolicyText.quoted(run.stages[index - 1].name)) is done"
        case .waitingTrigger:
            if let due = stage.memory.retryAt {
                let time = "; at \(due.iso8601)"
                let why = reason.hasSuffix(time) ? String(reason.dropLast(time.count)) : reason
                return "\(why); next try at \(due.iso8601)"
            }
            return "waits for \(definition.triggers?.words ?? "its turn")" + seen(stage)
        case .waitingApproval:
            guard let question = stage.memory.question else { return reason }
            var text = "waits for an answer to approval \(question.id)"
            if let failure = stage.memory.failure { text += " after it failed: \(failure)" }
            if let due = question.expiresAt {
                text +=
                    "; without one it is \(question.onExpire == .approve ? "approved" : "rejected") at \(due.iso8601)"
            }
            return text
        case .running: return running(stage, definition, classic: classic)
        case .completed, .failed: return reason
        }
    }

    private static func running(_ stage: StageRun, _ definition: Stage, classic: Bool) -> String {
        var parts: [String] = []
        if stage.memory.awaited != nil {
            parts.append("waits for action \(stage.memory.nextAction) of \(definition.actionsOnStart.count)")
        }
        if let success = stage.memory.success {
            parts.append("success is certain (\(success)) when its actions are done")
        } else if let condition = definition.successWhen {
            parts.append("succeeds on \(condition.words)" + seen(stage))
        } else {
            parts.append(
                classic ? "has no success_when, so it never completes" : "succeeds when its actions are done")
        }
        if let condition = definition.failWhen { parts.append("fails on \(condition.words)") }
        if let due = stage.memory.deadline { parts.append("fails at \(due.iso8601)") }
        return parts.joined(separator: "; ")
    }

    private static func seen(_ stage: StageRun) -> String {
        guard !stage.memory.seen.isEmpty else { return "" }
        let words = stage.memory.seen.map { PolicyText.excerpt(String($0.dropFirst(2))) }
        return " (seen: \(words.joined(separator: ", ")))"
    }
}
