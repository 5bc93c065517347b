// Deadlines: all of them absolute, so that a restart keeps the schedule.
extension PolicyMachine {
    /// When the machine next wants a `tick`; nil if only events can change anything.
    ///
    /// A time in the past means at once.
    public var nextDeadline: Timestamp? {
        var times: [Timestamp] = []
        for index in runs.indices where runs[index].state == .running {
            guard let stage = runs[index].currentStage, let definition = definition(index, stage) else {
                continue
            }
            let run = runs[index].stages[stage]
            times += [run.memory.deadline, run.memory.retryAt, run.memory.question?.expiresAt].compactMap(
                \.self)
            switch run.state {
            case .waitingTrigger where run.memory.retryAt == nil:
                times += dueTimes(of: definition.triggers, since: run.since)
            case .running where run.memory.success == nil:
                times += dueTimes(of: definition.successWhen, since: run.since)
                times += dueTimes(of: definition.failWhen, since: run.since)
            case .idle, .waitingTrigger, .waitingApproval, .running, .completed, .failed: break
            }
        }
        for (index, pipeline) in policy.pipelines.enumerated() where matching[index] {
            guard !runs.contains(where: { $0.pipeline == pipeline.name && !$0.isEnded }) else { continue }
            times += dueTimes(of: pipeline.startsOn, since: timerBase(of: pipeline))
        }
        return times.min()
    }

    /// Timers that have run out were looked at by the last tick; what else their condition needs will come
    /// as a signal.
    private func dueTimes(of condition: Condition?, since: Timestamp) -> [Timestamp] {
        guard let condition else { return [] }
        return condition.timers.map(since.advanced(by:)).filter { due in lastTick.map { due > $0 } ?? true }
    }

    mutating func passTime(_ turn: inout Turn) {
        for index in runs.indices where runs[index].state == .running {
            guard let stage = runs[index].currentStage else { continue }
            let memory = runs[index].stages[stage].memory
            if let due = memory.retryAt, due <= turn.time {
                start(
                    index, stage, "retry \(memory.retries): the pause is over", signal: nil, isRepeated: true,
                    &turn)
            } else if let question = memory.question, let due = question.expiresAt, due <= turn.time {
                expire(question, index, stage, &turn)
            } else if let due = memory.deadline, due <= turn.time {
                let timeout = definition(index, stage)?.timeout.map(DurationText.text) ?? "its time limit"
                fail(index, stage, "no success within \(timeout)", signal: nil, &turn)
            } else {
                advance(index, &turn)
            }
        }
        for index in policy.pipelines.indices where matching[index] {
            guard let condition = policy.pipelines[index].startsOn, !condition.timers.isEmpty else {
                continue
            }
            begin(index, ifHolds: condition, &turn)
        }
    }

    private mutating func expire(
        _ question: StageMemory.Question, _ index: Int, _ stage: Int, _ turn: inout Turn
    ) {
        let answer = ApprovalAnswer(
            decision: question.onExpire == .approve ? .approve : .reject, by: "expiry", through: "expiry",
            at: turn.time)
        turn.effects.append(.expire(question.id, answer))
        answered(answer, index, stage, &turn)
    }
}
