import Core
import Testing

@Suite("Failures, retries and answers")
struct PolicyFailureTests {
    static func stage(_ steps: FailureStep..., continues: Bool = false) -> Stage {
        Stage(
            name: "build", actionsOnStart: [.sh("make")],
            failure: FailureHandling(steps: steps, continues: continues))
    }

    @Test("Retries wait longer each time, as absolute times, and take new keys")
    func retries() throws {
        var bench = PolicyBench([
            Self.stage(.retry(RetryPlan(max: 2, backoff: .seconds(5), factor: 3)))
        ])
        bench.ended(exit: 1)
        #expect(bench.stages == "build WAITING_TRIGGER 1")
        #expect(bench.machine.nextDeadline == bench.now.advanced(by: .seconds(5)))
        bench.wait(.seconds(4))
        #expect(bench.stages == "build WAITING_TRIGGER 1")
        bench.wait(.seconds(1))
        #expect(bench.stages == "build RUNNING 2")
        bench.ended(exit: 1)
        #expect(bench.machine.nextDeadline == bench.now.advanced(by: .seconds(15)))
        bench.wait(.seconds(15))
        bench.ended(exit: 1)
        #expect(bench.stages == "build FAILED 3")
        #expect(bench.runStates == [.failed])
        let run = try #require(bench.run).id
        #expect(bench.keys == ["\(run)/build/1/start/0", "\(run)/build/2/start/0", "\(run)/build/3/start/0"])
    }

    @Test("Signals do not cut a pause short")
    func pausesHold() {
        var bench = PolicyBench([
            Stage(
                name: "s", triggers: .signal("go"), successWhen: .signal("ok"), failWhen: .signal("bad"),
                failure: .steps(.retry(RetryPlan(max: 1, backoff: .seconds(5)))))
        ])
        bench.named("go")
        bench.named("bad")
        bench.named("go")
        bench.named("ok")
        #expect(bench.stages == "s WAITING_TRIGGER 1")
    }

    static let pauses: [(RetryPlan, Int, Duration)] = [
        (RetryPlan(max: 9), 1, .seconds(5)), (RetryPlan(max: 9), 2, .seconds(10)),
        (RetryPlan(max: 9), 100, .seconds(3600)),
        (RetryPlan(max: 9, backoff: .seconds(7200), factor: 10), 5, .seconds(7200)),
        (RetryPlan(max: 9, backoff: .zero), 5, .zero),
    ]

    @Test("A pause grows by its factor, to an hour at most", arguments: pauses)
    func pause(plan: RetryPlan, number: Int, pause: Duration) {
        #expect(plan.pause(before: number) == pause)
    }

    @Test("Without a pause the next attempt follows at once, and only as often as allowed")
    func immediateRetries() {
        var bench = PolicyBench([Self.stage(.retry(RetryPlan(max: 2, backoff: .zero)))])
        for _ in 0..<5 { bench.ended(exit: 1) }
        #expect(bench.stages == "build FAILED 3")
        #expect(bench.actions.count == 3)
    }

    @Test("Steps are tried in order until one helps")
    func stepsInOrder() {
        var bench = PolicyBench([
            Self.stage(
                .retry(RetryPlan(max: 1, backoff: .seconds(1))), .escalate("ops"),
                .askHuman(ApprovalRequest(prompt: "Go on?")), .escalate("boss"))
        ])
        bench.ended(exit: 1)
        #expect(bench.escalations.isEmpty)
        bench.wait(.seconds(1))
        bench.ended(exit: 1)
        #expect(bench.escalations == ["ops"])
        #expect(bench.stages == "build WAITING_APPROVAL 2")
        #expect(bench.questions.last?.purpose == .afterFailure)
        #expect(bench.questions.last?.question == "Go on?")
        bench.answer(.reject, reason: "no")
        #expect(bench.escalations == ["ops", "boss"])
        #expect(bench.stages == "build FAILED 2")
        #expect(bench.reason() == "action 1 ended with exit code 1; rejected by ana through cli: no")
    }

    @Test("A person who lets a failed stage pass completes it, and says so")
    func lettingPass() {
        var bench = PolicyBench([
            Self.stage(.askHuman(ApprovalRequest())), Stage(name: "next", triggers: .success("build")),
        ])
        bench.ended(exit: 1)
        bench.answer(.approve)
        #expect(bench.stages == "build COMPLETED 1, next COMPLETED 1")
        #expect(bench.reason().contains("approved by ana"))
    }

    @Test("Rejection stops the run, also with continue_on_fail, and says who")
    func rejection() {
        var bench = PolicyBench([
            Stage(name: "ship", approval: ApprovalRequest(), actionsOnStart: [.sh("ship")], failure: .goOn),
            Stage(name: "tell", actionsOnStart: [.sh("tell")]),
        ])
        bench.answer(.reject, reason: "too early")
        #expect(bench.stages == "ship FAILED 0, tell IDLE 0")
        #expect(bench.reason() == "rejected by ana through cli: too early")
        #expect(bench.runStates == [.failed])
        #expect(bench.actions.isEmpty)
    }

    @Test("Only the first answer to an open question counts")
    func firstAnswerWins() {
        var bench = PolicyBench([
            Stage(name: "ship", approval: ApprovalRequest(), actionsOnStart: [.sh("ship")])
        ])
        let stranger = ApprovalAnswer(decision: .approve, by: "eve", through: "link", at: bench.now)
        #expect(bench.send(.approvalAnswered(ApprovalID("ap-other"), stranger)).isEmpty)
        bench.answer(.approve)
        bench.answer(.reject)
        bench.answer(.approve)
        #expect(bench.stages == "ship RUNNING 1")
        #expect(bench.actions.count == 1)
    }

    static let expiries: [(ApprovalRequest.OnExpire, String, Int)] = [
        (.reject, "ship FAILED 0", 1), (.approve, "ship RUNNING 1", 1), (.wait, "ship WAITING_APPROVAL 0", 0),
    ]

    @Test("An unanswered question expires with its consequence", arguments: expiries)
    func expiry(onExpire: ApprovalRequest.OnExpire, end: String, expired: Int) {
        let request = ApprovalRequest(expires: .seconds(60), onExpire: onExpire)
        var bench = PolicyBench([Stage(name: "ship", approval: request, actionsOnStart: [.sh("ship")])])
        bench.wait(.seconds(59))
        #expect(bench.stages == "ship WAITING_APPROVAL 0")
        bench.wait(.seconds(1))
        #expect(bench.stages == end)
        let effects = bench.effects.filter { if case .expire = $0 { true } else { false } }
        #expect(effects.count == expired)
        bench.answer(.approve)
        #expect(bench.stages == end || onExpire == .wait)
    }

    @Test("A question after a failure that nobody answers leads to the next step")
    func unansweredAfterFailure() {
        var bench = PolicyBench([
            Self.stage(.askHuman(ApprovalRequest(expires: .seconds(60))), .escalate("ops"))
        ])
        bench.ended(exit: 1)
        bench.wait(.seconds(60))
        #expect(bench.escalations == ["ops"])
        #expect(bench.stages == "build FAILED 1")
        #expect(bench.reason().contains("nobody answered in time"))
    }

    @Test("A retry asks for no second approval")
    func retryKeepsApproval() {
        var bench = PolicyBench([
            Stage(
                name: "ship", approval: ApprovalRequest(), actionsOnStart: [.sh("ship")],
                failure: .steps(.retry(RetryPlan(max: 1, backoff: .seconds(1)))))
        ])
        bench.answer(.approve)
        bench.ended(exit: 1)
        bench.wait(.seconds(1))
        #expect(bench.stages == "ship RUNNING 2")
        #expect(bench.questions.count == 1)
    }

    @Test("A stage that fails with an action outstanding takes back what has not begun")
    func takesBack() {
        var bench = PolicyBench([
            Stage(
                name: "s", actionsOnStart: [.sh("make")], successWhen: .signal("ok"), failWhen: .signal("bad")
            )
        ])
        bench.named("bad")
        #expect(bench.cancelsPending)
        #expect(bench.stages == "s FAILED 1")
    }
}
