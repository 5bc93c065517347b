import Core
import Testing

@Suite("How stages run")
struct PolicyStageTests {
    @Test("A marker completes a stage, the next asks, and its action completes the run")
    func mainJob() throws {
        var bench = PolicyBench([
            Stage(name: "lint", successWhen: .type("STATUS")),
            Stage(
                name: "ship", triggers: .success("lint"), approval: ApprovalRequest(prompt: "Ship it?"),
                actionsOnStart: [.sendKeys("/ship"), .sh("make ship")], successWhen: .exit(0)),
        ])
        #expect(bench.stages == "lint RUNNING 1, ship IDLE 0")
        bench.marker(["type": "STATUS", "stage": "lint", "ok": true])
        #expect(bench.stages == "lint COMPLETED 1, ship WAITING_APPROVAL 0")
        let question = try #require(bench.questions.first)
        #expect(question.question == "Ship it?")
        #expect(question.purpose == .stageStart)
        #expect(question.expiresAt == bench.now.advanced(by: .seconds(86_400)))
        #expect(question.onExpire == .rejected)
        #expect(bench.actions.isEmpty)
        bench.answer(.approve)
        #expect(bench.stages == "lint COMPLETED 1, ship RUNNING 1")
        #expect(bench.reason(1) == "approved by ana through cli")
        #expect(bench.actions == [.sendKeys(text: "/ship", enter: true)])
        bench.ended()
        #expect(bench.actions.count == 2)
        bench.ended(exit: 0)
        #expect(bench.stages == "lint COMPLETED 1, ship COMPLETED 1")
        #expect(bench.runStates == [.completed])
        let run = try #require(bench.run)
        #expect(run.endedAt == bench.now)
        #expect(bench.keys == ["\(run.id)/ship/1/start/0", "\(run.id)/ship/1/start/1"])
    }

    @Test("Each transition says why and which signal decided")
    func changesSayWhy() {
        var bench = PolicyBench([Stage(name: "lint", successWhen: .type("STATUS"))])
        let effects = bench.signal(
            .marker(Marker(payload: ["type": "STATUS", "ok": true]), source: "screen"))
        let changes = effects.compactMap { if case .changed(let change) = $0 { change } else { nil } }
        #expect(changes.map(\.why) == ["marker STATUS ok", "all stages are done"])
        #expect(
            changes.first?.signal
                == bench.signal(
                    of: .marker(Marker(payload: ["type": "STATUS", "ok": true]), source: "screen")))
        #expect(changes.first?.from == "RUNNING")
        #expect(changes.first?.to == "COMPLETED")
        #expect(changes.last?.run.state == .completed)
    }

    @Test("A failed stage stops its pipeline")
    func failureStops() {
        var bench = PolicyBench([
            Stage(name: "lint", successWhen: .signal("ok"), failWhen: .signal("bad")),
            Stage(name: "build", actionsOnStart: [.sh("make")]),
        ])
        bench.named("bad")
        bench.named("ok")
        bench.wait(.seconds(100_000))
        #expect(bench.stages == "lint FAILED 1, build IDLE 0")
        #expect(bench.runStates == [.failed])
        #expect(bench.actions.isEmpty)
    }

    @Test("continue_on_fail goes on behind a failed stage, and skips what needs its success")
    func continueOnFail() {
        var bench = PolicyBench([
            Stage(name: "lint", successWhen: .signal("ok"), failWhen: .signal("bad"), failure: .goOn),
            Stage(name: "publish", triggers: .success("lint"), actionsOnStart: [.sh("publish")]),
            Stage(name: "build", actionsOnStart: [.sh("make")]),
        ])
        bench.named("bad")
        #expect(bench.stages == "lint FAILED 1, publish IDLE 0, build RUNNING 1")
        #expect(bench.reason(1).hasPrefix("skipped"))
        bench.ended(exit: 0)
        #expect(bench.runStates == [.completed])
        #expect(bench.actions.count == 1)
    }

    @Test("A non-zero exit fails the stage and stops the actions behind it")
    func nonZeroExit() {
        var bench = PolicyBench([
            Stage(
                name: "build", actionsOnStart: [.sh("make"), .sh("make install")], successWhen: .signal("ok"))
        ])
        bench.ended(exit: 2, detail: "no rule")
        #expect(bench.stages == "build FAILED 1")
        #expect(bench.reason() == "action 1 ended with exit code 2: no rule")
        #expect(bench.actions.count == 1)
    }

    static let codes: [([Int32], String, Int)] = [
        ([0, 0], "build COMPLETED 1", 2), ([0, 1], "build FAILED 1", 2), ([1], "build FAILED 1", 1),
        ([0], "build RUNNING 1", 2),
    ]

    @Test(
        "exit_code as success must hold for every shell action, and where it cannot, no other one begins",
        arguments: codes)
    func everyExitCode(codes: [Int32], end: String, count: Int) {
        var bench = PolicyBench([
            Stage(name: "build", actionsOnStart: [.sh("a"), .sh("b")], successWhen: .exit(0))
        ])
        for code in codes { bench.ended(exit: code) }
        #expect(bench.stages == end)
        #expect(bench.actions.count == count)
        guard codes == [1] else { return }
        #expect(bench.reason() == "exit code 1, but success needs exit_code 0")
    }

    @Test("Where success is possible without an exit code, actions behind a failed one begin")
    func exitCodeIsOneOfSeveral() {
        var bench = PolicyBench([
            Stage(
                name: "build", actionsOnStart: [.keys(["Enter"]), .sh("a"), .sh("b")],
                successWhen: .any([.exit(0), .signal("fine")]))
        ])
        bench.ended()
        bench.ended(exit: 1)
        #expect(bench.actions.count == 3)
        #expect(bench.stages == "build RUNNING 1")
    }

    @Test("No command has more time than its stage has left")
    func commandsEndWithTheirStage() {
        var bench = PolicyBench([
            Stage(name: "build", actionsOnStart: [.sh("a"), .sh("b")], timeout: .seconds(60))
        ])
        bench.now = bench.now.advanced(by: .seconds(45))
        bench.ended(exit: 0)
        let limits = bench.actions.map { action in
            if case .shell(_, let timeout, _) = action { timeout } else { Duration.zero }
        }
        #expect(limits == [.seconds(60), .seconds(15)])
        #expect(bench.run.map { $0.awaits(bench.items[1].id) && !$0.awaits(bench.items[0].id) } == true)
        bench.wait(.seconds(15))
        #expect(bench.stages == "build FAILED 1")
        #expect(bench.run?.awaits(bench.items[1].id) == false)
    }

    @Test("A stage with a condition on exit_code judges exits itself")
    func judgesExits() {
        let stage = Stage(
            name: "grep", actionsOnStart: [.sh("grep -q TODO")], successWhen: .exit(1), failWhen: .exit(0))
        for (code, end) in [(Int32(1), "COMPLETED"), (0, "FAILED"), (2, "FAILED")] {
            var bench = PolicyBench([stage])
            bench.ended(exit: code)
            #expect(bench.stages == "grep \(end) 1")
        }
        var open = PolicyBench([
            Stage(name: "grep", actionsOnStart: [.sh("x")], successWhen: .any([.exit(0), .signal("ok")]))
        ])
        open.ended(exit: 3)
        #expect(open.stages == "grep RUNNING 1")
        open.named("ok")
        #expect(open.stages == "grep COMPLETED 1")
    }

    @Test(
        "A stage without success_when is done with its actions in a fleet, and never outside",
        arguments: [true, false])
    func withoutSuccess(classic: Bool) {
        var bench = PolicyBench(
            [
                Stage(
                    name: "say", actionsOnStart: [.sendKeys("hello"), .notify(Notice(title: "t", body: "b"))])
            ],
            classic: classic)
        #expect(bench.stages == "say RUNNING 1")
        bench.ended()
        #expect(bench.actions.count == 2)
        #expect(bench.stages == (classic ? "say RUNNING 1" : "say COMPLETED 1"))
    }

    @Test("Success before the last action is done completes the stage only with it")
    func successWaitsForActions() {
        var bench = PolicyBench([
            Stage(
                name: "s", actionsOnStart: [.sendKeys("a"), .sendKeys("b")], successWhen: .signal("ok"),
                failWhen: .signal("bad"))
        ])
        bench.named("ok")
        bench.named("bad")
        #expect(bench.stages == "s RUNNING 1")
        bench.ended()
        #expect(bench.actions.count == 2)
        bench.ended()
        #expect(bench.stages == "s COMPLETED 1")
    }

    @Test("A message that cannot be delivered neither holds up nor fails a stage")
    func messagesAreNotAwaited() {
        var bench = PolicyBench([
            Stage(name: "s", actionsOnStart: [.notify(Notice(title: "t", body: "")), .sh("make")])
        ])
        #expect(bench.actions.count == 2)
        bench.send(.actionEnded(ActionResult(item: bench.items[0].id, state: .failed)))
        #expect(bench.stages == "s RUNNING 1")
        bench.ended(exit: 0)
        #expect(bench.stages == "s COMPLETED 1")
    }

    @Test("An action of which nobody knows whether it was done fails the stage, and on_fail decides")
    func uncertainAction() {
        var bench = PolicyBench([
            Stage(
                name: "ship", actionsOnStart: [.sh("ship")],
                failure: .steps(.askHuman(ApprovalRequest(prompt: "Was it shipped?"))))
        ])
        bench.ended(.uncertain)
        #expect(bench.stages == "ship WAITING_APPROVAL 1")
        #expect(bench.reason().contains("may or may not have been done"))
        #expect(bench.actions.count == 1)
        bench.answer(.approve)
        #expect(bench.stages == "ship COMPLETED 1")
    }

    @Test("A result that comes late or twice changes nothing")
    func staleResults() {
        var bench = PolicyBench([
            Stage(name: "a", actionsOnStart: [.sh("a")]), Stage(name: "b", actionsOnStart: [.sh("b")]),
        ])
        let first = bench.items[0].id
        bench.ended(exit: 0)
        #expect(bench.send(.actionEnded(ActionResult(item: first, state: .failed, exitCode: 1))).isEmpty)
        #expect(bench.stages == "a COMPLETED 1, b RUNNING 1")
    }

    @Test("A timeout is an absolute time; what came before a late tick still counts")
    func timeouts() {
        let stage = Stage(name: "lint", successWhen: .signal("ok"), timeout: .seconds(600))
        var bench = PolicyBench([stage])
        #expect(bench.machine.nextDeadline == bench.now.advanced(by: .seconds(600)))
        bench.wait(.seconds(599))
        #expect(bench.stages == "lint RUNNING 1")
        bench.wait(.seconds(1))
        #expect(bench.stages == "lint FAILED 1")
        #expect(bench.reason() == "no success within 10m")
        var late = PolicyBench([stage])
        late.now = late.now.advanced(by: .seconds(601))
        late.named("ok")
        late.send(.tick)
        #expect(late.stages == "lint COMPLETED 1")
    }

    @Test("A shell action gets its values as variables, and its text is never changed")
    func environment() throws {
        var bench = PolicyBench(
            [
                Stage(
                    name: "build", triggers: .type("STATUS"),
                    actionsOnStart: [.sh("make {branch} $TMUX_AGENT_STAGE"), .sendKeys("{stage}")])
            ], startsOn: .hook("post-commit"))
        bench.hook("post-commit")
        bench.marker(["type": "STATUS", "summary": "two\nlines"])
        guard case .shell(let command, let timeout, let environment) = try #require(bench.actions.first)
        else {
            Issue.record("no shell action")
            return
        }
        #expect(command == "make {branch} $TMUX_AGENT_STAGE")
        #expect(timeout == .seconds(600))
        let run = try #require(bench.run)
        #expect(
            environment == [
                "TMUX_AGENT_PIPELINE": "ci", "TMUX_AGENT_RUN": run.id.rawValue, "TMUX_AGENT_STAGE": "build",
                "TMUX_AGENT_ATTEMPT": "1", "TMUX_AGENT_HOOK": "post-commit", "TMUX_AGENT_COMMIT": "c0ffee",
                "TMUX_AGENT_MARKER": #"{"summary":"two\nlines","type":"STATUS"}"#,
            ])
        bench.ended(exit: 0)
        #expect(bench.actions.last == .sendKeys(text: "{stage}", enter: true))
    }

    @Test("Notices at a stage's turns have their placeholders filled once")
    func notices() {
        var bench = PolicyBench([
            Stage(
                name: "lint", successWhen: .signal("ok"), failWhen: .signal("{branch}"),
                failure: .steps(.retry(RetryPlan(max: 1, backoff: .seconds(1)))),
                notices: StageNotices(
                    onStart: Notice(title: "{stage} on {branch}", body: "{timestamp}"),
                    onSuccess: Notice(title: "done", body: "{unknown}"),
                    onFail: Notice(title: "failed", body: "{error_message}", severity: .critical)))
        ])
        #expect(
            bench.actions == [.notify(Notice(title: "lint on feature/x", body: "1970-01-01T00:16:40.000Z"))])
        bench.named("{branch}")
        bench.wait(.seconds(1))
        #expect(bench.actions.count == 1, "a retry is told neither as a start nor as a failure")
        bench.named("{branch}")
        #expect(
            bench.actions.last
                == .notify(Notice(title: "failed", body: "signal '{branch}'", severity: .critical)))
        #expect(bench.keys.last?.hasSuffix("/lint/2/notify-fail/0") == true)
    }
}
