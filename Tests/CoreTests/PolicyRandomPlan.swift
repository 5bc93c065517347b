import Core

/// Random policies and events out of a small world, the same for the same seed.
struct PolicyRandomPlan {
    private var state: UInt64

    init(seed: UInt64) { state = seed &* 0x9E37_79B9_7F4A_7C15 &+ 1 }

    mutating func next(_ bound: Int) -> Int {
        state &+= 0x9E37_79B9_7F4A_7C15
        var z = state
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        return Int((z ^ (z >> 31)) % UInt64(bound))
    }

    mutating func pick<Element>(_ elements: [Element]) -> Element { elements[next(elements.count)] }
    mutating func chance(_ percent: Int) -> Bool { next(100) < percent }

    static let lines = ["0 problems", "error: x", "start", "done"]
    static let patterns = lines.compactMap { try? Pattern($0) }
    static let names = ["go", "ok", "bad"]
    static let hooks = ["post-commit", "post-merge"]

    // MARK: - Policies

    mutating func policy() -> Policy {
        Policy(pipelines: (0..<(1 + next(3))).map { pipeline("p\($0)") })
    }

    private mutating func pipeline(_ name: String) -> Pipeline {
        let names = ["a", "b", "c", "d"].prefix(1 + next(4))
        return Pipeline(
            name: name, startsOn: chance(50) ? condition(depth: 1, stage: nil) : nil,
            whenBusy: pick(Pipeline.WhenBusy.allCases), isRecursive: chance(20),
            stages: names.map { stage($0) })
    }

    private mutating func stage(_ name: String) -> Stage {
        Stage(
            name: name, triggers: chance(40) ? condition(depth: 2, stage: name) : nil,
            approval: chance(25) ? approval() : nil, actionsOnStart: (0..<next(4)).map { _ in action() },
            successWhen: chance(60) ? condition(depth: 2, stage: name) : nil,
            failWhen: chance(40) ? condition(depth: 1, stage: name) : nil,
            timeout: chance(40) ? .seconds(30 + next(300)) : nil,
            failure: FailureHandling(steps: (0..<next(4)).map { _ in step() }, continues: chance(30)),
            notices: StageNotices(
                onStart: chance(20) ? Notice(title: "s", body: "") : nil,
                onSuccess: chance(20) ? Notice(title: "o", body: "") : nil,
                onFail: chance(20) ? Notice(title: "f", body: "{error_message}") : nil))
    }

    private mutating func approval() -> ApprovalRequest {
        ApprovalRequest(
            expires: chance(50) ? .seconds(10 + next(200)) : nil,
            onExpire: pick(ApprovalRequest.OnExpire.allCases))
    }

    private mutating func action() -> StageAction {
        switch next(5) {
        case 0: .sendKeys("x")
        case 1: .keys(["C-c"])
        case 2: .notify(Notice(title: "n", body: ""))
        case 3: .emit(name: "go", payload: JSONObjectBox(JSONObject()))
        default: .shell(command: "make", timeout: .seconds(60))
        }
    }

    private mutating func step() -> FailureStep {
        switch next(3) {
        case 0: .retry(RetryPlan(max: 1 + next(3), backoff: .seconds(next(20)), factor: Double(1 + next(3))))
        case 1: .askHuman(approval())
        default: .escalate("ops")
        }
    }

    private mutating func condition(depth: Int, stage: String?) -> Condition {
        if depth > 0, chance(40) {
            let parts = (0..<(1 + next(3))).map { _ in condition(depth: depth - 1, stage: stage) }
            return chance(50) ? .any(parts) : .all(parts)
        }
        let test: Condition.Test =
            switch next(9) {
            case 0, 1: .logRegex(pick(Self.patterns))
            case 2: .messageType("STATUS")
            case 3: .marker([Condition.MarkerField("ok", .bool(chance(50)))])
            case 4: .afterStageSuccess(pick(["a", "b", "c"]))
            case 5: .exitCode(Int32(next(2)))
            case 6: .agentState(pick([.idle, .working]))
            case 7:
                chance(50)
                    ? .gitHook(Condition.GitHookFilter(name: pick(Self.hooks)))
                    : .after(.seconds(5 + next(100)))
            default: .signal(pick(Self.names))
            }
        return .test(test, at: .none)
    }

    // MARK: - Events

    mutating func event(_ world: PolicyWorld) -> PolicyEvent {
        switch next(100) {
        case 0..<45:
            return .signals((0..<(1 + next(3))).map { _ in (0..<(1 + next(2))).map { _ in signal(world) } })
        case 45..<70:
            guard let item = chance(90) ? world.outstanding.last : world.items.last else { return .tick }
            let code = pick([nil, 0, 0, 0, 1] as [Int32?])
            let state = chance(85) ? OutboxItem.State.done : pick([.failed, .uncertain, .cancelled])
            return .actionEnded(ActionResult(item: item, state: state, exitCode: code, detail: nil))
        case 70..<82:
            guard let id = chance(90) ? world.questions.sorted().first : world.asked.last else {
                return .tick
            }
            return .approvalAnswered(
                id,
                ApprovalAnswer(
                    decision: chance(75) ? .approve : .reject, by: "ana", through: "cli", at: world.now,
                    reason: nil))
        case 82..<94: return .tick
        case 94: return .reset(pipeline: chance(50) ? "p0" : nil, stage: chance(50) ? "a" : nil)
        case 95: return .retry(pipeline: nil)
        case 96: return .policyReplaced(policy())
        case 97:
            var facts = world.facts
            facts.branch = pick(["main", "feature/x"])
            return .factsChanged(facts)
        default: return .tick
        }
    }

    private mutating func signal(_ world: PolicyWorld) -> Signal {
        let body: Signal.Body =
            switch next(6) {
            case 0, 1: .line(pick(Self.lines))
            case 2:
                .marker(
                    Marker(payload: [
                        "type": "STATUS", "ok": .bool(chance(60)), "stage": .string(pick(["a", "b", "c"])),
                    ]),
                    source: "screen")
            case 3: .state(pick([.idle, .working, .waiting]), waitingFor: nil, exitStatus: nil)
            case 4: .named(pick(Self.names), payload: JSONObjectBox(JSONObject()))
            default:
                .gitHook(
                    GitHookEvent(
                        name: pick(Self.hooks), branch: "feature/x", commit: nil, paths: [],
                        insideRun: chance(30) ? world.runs.keys.sorted().first : nil))
            }
        return Signal(subject: world.facts.subject, at: world.now, body: body)
    }
}

/// What the database would hold after the effects so far.
struct PolicyWorld {
    var now = Timestamp(milliseconds: 1_000_000)
    var facts: SubjectFacts
    var policy: Policy
    /// As JSON, the only way in which a run may reach the next process.
    var runs: [RunID: PipelineRun] = [:]
    var order: [RunID] = []
    /// `pipeline/stage` of those that may let a run go on behind their failure.
    var continuing: Set<String> = []
    var items: [OutboxID] = []
    var outstanding: [OutboxID] = []
    var asked: [ApprovalID] = []
    var questions: Set<ApprovalID> = []
    var problems: [String] = []
}
