/// The daemon's policy machine with a clock that is set by hand and hands that do nothing.
///
/// Pure: the same policy, facts and events give the same deeds, ids included. Nothing is stored, typed, run or sent.
public struct PolicyRehearsal: Sendable {
    /// More events than this at one moment feed themselves, such as a pipeline that emits the signal that begins it.
    public static let mostAtOnce = 10_000

    public private(set) var machine: PolicyMachine
    public private(set) var now: Timestamp
    /// Everything that was decided, in order.
    public private(set) var deeds: [PolicyDeed] = []
    /// Indices of `deeds` that are shell actions whose ending nobody wrote down.
    public private(set) var assumed: Set<Int> = []
    /// Actions that the policy waits for and that have not ended.
    public private(set) var underway: [OutboxItem] = []
    /// Questions that nobody has answered.
    public private(set) var questions: [Approval] = []
    /// The policy fed itself without end and was stopped.
    public private(set) var isRunaway = false
    public var hands: RehearsedHands
    private var coming: [(at: Timestamp, event: PolicyEvent)] = []
    private var count: UInt64 = 0

    /// Begins at `start`: pipelines that need no event begin at once.
    public init(
        policy: Policy, facts: SubjectFacts, classic: Bool = false, hands: RehearsedHands = RehearsedHands(),
        at start: Timestamp
    ) {
        machine = PolicyMachine(policy: policy, facts: facts, classic: classic)
        self.hands = hands
        now = start
        receive(.tick)
    }

    /// Tells the machine of an event that happens now, and of what follows from it at once.
    public mutating func receive(_ event: PolicyEvent) {
        decide(event)
        advance(to: now)
    }

    public mutating func receive(_ bodies: [Signal.Body]) {
        receive(.signals([bodies.map { Signal(subject: machine.facts.subject, at: now, body: $0) }]))
    }

    /// Lets time pass: each deadline is looked at when it falls due, as the daemon does.
    public mutating func advance(to time: Timestamp) {
        var lastTick: Timestamp?
        var (fedAt, fed) = (now, 0)
        while !isRunaway {
            (fedAt, fed) = now > fedAt ? (now, 0) : (fedAt, fed + 1)
            guard fed <= Self.mostAtOnce else {
                isRunaway = true
                return
            }
            if let next = coming.first, next.at <= time, next.at <= (machine.nextDeadline ?? next.at) {
                coming.removeFirst()
                now = max(now, next.at)
                decide(next.event)
            } else if let due = machine.nextDeadline, due <= time, lastTick != max(now, due) {
                now = max(now, due)
                lastTick = now
                decide(.tick)
            } else {
                break
            }
        }
        now = max(now, time)
    }

    /// Ends an action that is under way.
    public mutating func end(_ item: OutboxItem, _ ending: RehearsedHands.Ending) {
        receive(.actionEnded(result(of: item, ending)))
    }

    public mutating func answer(_ question: Approval, _ answer: ApprovalAnswer) {
        questions.removeAll { $0.id == question.id }
        receive(.approvalAnswered(question.id, answer))
    }

    private mutating func decide(_ event: PolicyEvent) {
        if case .actionEnded(let result) = event { underway.removeAll { $0.id == result.item } }
        for effect in machine.receive(event, at: now, ids: nextIDs()) { take(effect) }
    }

    /// Ids that are small numbers, the same in each rehearsal.
    private mutating func nextIDs() -> IDMaker {
        count += 1
        let ids = NumberedIDs(from: count << 16)
        return IDMaker { ids.next() }
    }

    private mutating func take(_ effect: PolicyEffect) {
        let pipeline = { [machine] (run: RunID) in machine.runs.first { $0.id == run }?.pipeline }
        if let deed = effect.deed(at: now, pipelineOf: pipeline) { deeds.append(deed) }
        switch effect {
        case .perform(let item): perform(item)
        case .ask(let approval, _): questions.append(approval)
        case .cancel(let id), .expire(let id, _): questions.removeAll { $0.id == id }
        case .cancelPending(let run): underway.removeAll { $0.run == run }
        case .began, .changed, .escalate, .ignored: break
        }
    }

    private mutating func perform(_ item: OutboxItem) {
        switch item.action {
        // No stage asks for an answer to a dialog.
        case .notify, .answerDialog: return
        case .emit(let name, let payload):
            let body = Signal.Body.emitted(name, payload.object, source: "policy")
            schedule(.signal(Signal(subject: item.subject, at: now, body: body)), at: now)
        case .sendKeys, .keys, .shell, .spawn:
            underway.append(item)
            guard let (ending, isKnown) = hands.ending(of: item.action) else { return }
            if !isKnown, item.action.isShell { assumed.insert(deeds.count - 1) }
            schedule(.actionEnded(result(of: item, ending)), at: now.advanced(by: ending.after))
        }
    }

    private func result(of item: OutboxItem, _ ending: RehearsedHands.Ending) -> ActionResult {
        ActionResult(item: item.id, state: ending.state, exitCode: ending.exitCode, detail: ending.detail)
    }

    private mutating func schedule(_ event: PolicyEvent, at time: Timestamp) {
        let place = coming.firstIndex { $0.at > time } ?? coming.endIndex
        coming.insert((time, event), at: place)
    }
}

extension Action {
    fileprivate var isShell: Bool { if case .shell = self { true } else { false } }
}
