import Core
import Synchronization

/// A machine with a clock, and words for what it is told and what it did.
struct PolicyBench {
    var machine: PolicyMachine
    var now = Timestamp(milliseconds: 1_000_000)
    var effects: [PolicyEffect] = []
    let ids: IDMaker

    init(
        _ stages: [Stage], startsOn: Condition? = nil, whenBusy: Pipeline.WhenBusy = .queue,
        recursive: Bool = false, classic: Bool = false, state: AgentState = .unknown
    ) {
        self.init(
            policy: Policy(pipelines: [
                Pipeline(
                    name: "ci", startsOn: startsOn, whenBusy: whenBusy, isRecursive: recursive, stages: stages
                )
            ]), classic: classic, state: state)
    }

    init(policy: Policy, classic: Bool = false, state: AgentState = .unknown, facts: SubjectFacts? = nil) {
        var facts = facts ?? SubjectFacts(subject: .agent(AgentID("a1")), branch: "feature/x", since: now)
        if state != .unknown { facts.state = state }
        machine = PolicyMachine(policy: policy, facts: facts, classic: classic)
        ids = countingIDs()
        send(.tick)
    }

    @discardableResult
    mutating func send(_ event: PolicyEvent) -> [PolicyEffect] {
        let new = machine.receive(event, at: now, ids: ids)
        effects += new
        return new
    }

    @discardableResult
    mutating func signal(_ body: Signal.Body...) -> [PolicyEffect] {
        send(.signals(body.map { [signal(of: $0)] }))
    }

    /// What one logical line means.
    mutating func together(_ body: Signal.Body...) { send(.signals([body.map(signal(of:))])) }

    func signal(of body: Signal.Body) -> Signal {
        Signal(subject: machine.facts.subject, at: now, body: body)
    }

    mutating func lines(_ texts: String...) { send(.signals(texts.map { [signal(of: .line($0))] })) }

    mutating func marker(_ payload: JSONObject) {
        signal(.marker(Marker(payload: payload), source: "screen"))
    }

    mutating func named(_ name: String) { signal(.named(name, payload: JSONObjectBox(JSONObject()))) }

    mutating func hook(
        _ name: String, branch: String? = "feature/x", paths: [String] = [], insideRun: RunID? = nil
    ) {
        signal(
            .gitHook(
                GitHookEvent(name: name, branch: branch, commit: "c0ffee", paths: paths, insideRun: insideRun)
            ))
    }

    /// Ends the last action that was handed out.
    mutating func ended(_ state: OutboxItem.State = .done, exit code: Int32? = nil, detail: String? = nil) {
        guard let item = items.last else { return }
        send(.actionEnded(ActionResult(item: item.id, state: state, exitCode: code, detail: detail)))
    }

    mutating func answer(_ decision: ApprovalAnswer.Decision, reason: String? = nil) {
        guard let approval = questions.last else { return }
        send(
            .approvalAnswered(
                approval.id,
                ApprovalAnswer(decision: decision, by: "ana", through: "cli", at: now, reason: reason)))
    }

    /// Lets time pass and ticks.
    mutating func wait(_ duration: Duration) {
        now = now.advanced(by: duration)
        send(.tick)
    }

    /// `lint COMPLETED 1, build RUNNING 1` of the last run; the number is the attempt.
    var stages: String {
        machine.runs.last?.stages.map { "\($0.name) \($0.state.rawValue) \($0.attempt)" }.joined(
            separator: ", ")
            ?? "no run"
    }
    var runStates: [PipelineRun.State] { machine.runs.map(\.state) }
    var run: PipelineRun? { machine.runs.last }
    func reason(_ stage: Int = 0) -> String { machine.runs.last?.stages[stage].reason ?? "" }

    var items: [OutboxItem] {
        effects.compactMap { if case .perform(let item) = $0 { item } else { nil } }
    }
    var actions: [Action] { items.map(\.action) }
    var keys: [String] { items.map { $0.id.rawValue } }
    var questions: [Approval] {
        effects.compactMap { if case .ask(let approval, _) = $0 { approval } else { nil } }
    }
    var cancelledQuestions: [ApprovalID] {
        effects.compactMap { if case .cancel(let id) = $0 { id } else { nil } }
    }
    var escalations: [String] {
        effects.compactMap { if case .escalate(_, let code, _, _, _) = $0 { code } else { nil } }
    }
    var ignored: [String] {
        effects.compactMap { if case .ignored(_, let why) = $0 { why } else { nil } }
    }
    var cancelsPending: Bool {
        effects.contains { if case .cancelPending = $0 { true } else { false } }
    }
}

/// `run-1`, `ap-2`, …: small numbers in the base of the ids.
func countingIDs(from start: UInt64 = 0) -> IDMaker {
    let counter = Counter(start)
    return IDMaker { counter.next() }
}

private final class Counter: Sendable {
    private let value: Mutex<UInt64>
    init(_ start: UInt64) { value = Mutex(start) }
    func next() -> UInt64 {
        value.withLock { value in
            value += 1
            return value
        }
    }
}

extension Condition {
    static func log(_ expression: String) throws -> Condition {
        .test(.logRegex(try Pattern(expression)), at: .none)
    }
    static func type(_ type: String) -> Condition { .test(.messageType(type), at: .none) }
    static func marker(_ fields: (String, JSONValue)...) -> Condition {
        .test(.marker(fields.map { MarkerField($0.0, $0.1) }), at: .none)
    }
    static func success(_ stage: String) -> Condition { .test(.afterStageSuccess(stage), at: .none) }
    static func exit(_ code: Int32) -> Condition { .test(.exitCode(code), at: .none) }
    static func state(_ state: AgentState) -> Condition { .test(.agentState(state), at: .none) }
    static func hook(_ name: String, branch: String? = nil, paths: [String] = []) -> Condition {
        .test(.gitHook(GitHookFilter(name: name, branch: branch, paths: paths)), at: .none)
    }
    static func signal(_ name: String) -> Condition { .test(.signal(name), at: .none) }
    static func after(_ duration: Duration) -> Condition { .test(.after(duration), at: .none) }
}

extension StageAction {
    static func sh(_ command: String) -> StageAction { .shell(command: command, timeout: .seconds(600)) }
}

extension FailureHandling {
    static func steps(_ steps: FailureStep...) -> FailureHandling { FailureHandling(steps: steps) }
    static let goOn = FailureHandling(continues: true)
}
