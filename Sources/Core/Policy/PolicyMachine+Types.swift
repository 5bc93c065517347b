/// What a policy machine is told.
public enum PolicyEvent: Sendable, Equatable {
    /// What one update of the screen, one `emit` or one hook brought, in order.
    ///
    /// Each inner list is what one logical line means (the line itself, the marker in it): success beats
    /// failure within it, and otherwise order decides. Signals that no line holds stand alone.
    case signals([[Signal]])
    case actionEnded(ActionResult)
    /// The answer that counted; answers to questions that are not open are ignored.
    case approvalAnswered(ApprovalID, ApprovalAnswer)
    /// Time passed; deadlines are looked at only now, so what came before a late tick still counts.
    case tick
    case policyReplaced(Policy)
    /// Branch, title or another fact changed; runs under way go on.
    case factsChanged(SubjectFacts)
    /// The agent was removed or its pane left.
    case subjectGone
    /// Puts back a stage and those behind it, or cancels the run and, where no event is needed, begins
    /// another.
    case reset(pipeline: String?, stage: String?)
    /// Tries a failed run's failed stage once more.
    case retry(pipeline: String?)

    public static func signal(_ signal: Signal) -> PolicyEvent { .signals([[signal]]) }
}

/// What a policy machine asks its owner to do, in order, in one transaction with the event.
public enum PolicyEffect: Sendable, Equatable {
    /// A new run, queued or running, as it was when it was made; changes follow as `changed`.
    case began(RunChange)
    /// The run as a whole is to be stored in place of what was stored before.
    case changed(RunChange)
    case perform(OutboxItem)
    /// The request says through what it may be answered, and when people are reminded of it.
    case ask(Approval, ApprovalRequest)
    /// The question has lost its sense.
    case cancel(ApprovalID)
    /// Nobody answered in time; the answer is nil where expiry decides nothing.
    case expire(ApprovalID, ApprovalAnswer?)
    /// The id is an idempotency key like an outbox row's.
    case escalate(OutboxID, code: String, notice: Notice, run: RunID, stage: String)
    /// Actions of the run that the policy waits for and that have not begun are not to begin.
    case cancelPending(RunID)
    /// An event that would have begun a run began none, and why.
    case ignored(pipeline: String, why: String)
}

/// One transition, or a change of memory only.
public struct RunChange: Sendable, Equatable {
    public var run: PipelineRun
    /// The stage that changed; nil: the run itself.
    public var stage: String?
    /// Nil for a change of memory only.
    public var from: String?
    public var to: String?
    /// When the stage came into the state that it left; nil where no stage left one.
    public var since: Timestamp?
    /// In words for a person.
    public var why: String
    /// The signal that decided, if one did.
    public var signal: Signal?
}
