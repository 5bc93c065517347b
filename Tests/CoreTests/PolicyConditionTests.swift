import Core
import Testing

@Suite("What conditions mean")
struct PolicyConditionTests {
    static let status: [(JSONObject, Bool)] = [
        (["type": "STATUS"], true),
        (["type": "STATUS", "ok": true], true),
        (["type": "STATUS", "ok": false], false),
        (["type": "STATUS", "stage": "lint", "ok": true], true),
        (["type": "STATUS", "stage": "lint"], true),
        (["type": "STATUS", "stage": "build", "ok": true], false),
        (["type": "ASK", "stage": "lint"], false),
        ([:], false),
    ]

    @Test("A STATUS marker succeeds a stage unless it says not ok or names another stage", arguments: status)
    func statusAsSuccess(payload: JSONObject, succeeds: Bool) {
        var bench = PolicyBench([Stage(name: "lint", successWhen: .type("STATUS"))])
        bench.marker(payload)
        #expect(bench.stages == (succeeds ? "lint COMPLETED 1" : "lint RUNNING 1"))
    }

    @Test("As a trigger, any marker of the type counts")
    func statusAsTrigger() {
        var bench = PolicyBench([
            Stage(name: "lint", triggers: .type("STATUS"), successWhen: .signal("never"))
        ])
        #expect(bench.stages == "lint WAITING_TRIGGER 0")
        bench.marker(["type": "STATUS", "stage": "other", "ok": false])
        #expect(bench.stages == "lint RUNNING 1")
    }

    static let failures: [(JSONObject, Bool)] = [
        (["type": "STATUS", "ok": false], true), (["type": "STATUS", "ok": true], false),
        (["type": "STATUS"], false), (["type": "STATUS", "stage": "build", "ok": false], false),
    ]

    @Test("As a failure, a STATUS marker must say that it is not ok", arguments: failures)
    func statusAsFailure(payload: JSONObject, fails: Bool) {
        var bench = PolicyBench([
            Stage(name: "lint", successWhen: .signal("never"), failWhen: .type("STATUS"))
        ])
        bench.marker(payload)
        #expect(bench.stages == (fails ? "lint FAILED 1" : "lint RUNNING 1"))
    }

    @Test("All keys of marker must be equal, and whole numbers equal fractions")
    func markerFields() {
        let condition = Condition.marker(("type", "TEST"), ("failed", 0), ("suite", ["unit", "e2e"]))
        var bench = PolicyBench([Stage(name: "test", successWhen: condition)])
        bench.marker(["type": "TEST", "failed": 0])
        bench.marker(["type": "TEST", "failed": 1, "suite": ["unit", "e2e"]])
        bench.marker(["type": "TEST", "failed": "0", "suite": ["unit", "e2e"]])
        #expect(bench.stages == "test RUNNING 1")
        bench.marker(["type": "TEST", "failed": 0.0, "suite": ["unit", "e2e"], "more": true])
        #expect(bench.stages == "test COMPLETED 1")
    }

    @Test("Any one of several alternatives is enough")
    func alternatives() throws {
        for end in ["line", "signal"] {
            var bench = PolicyBench([
                Stage(name: "lint", successWhen: .any([try .log("0 problems"), .signal("done")]))
            ])
            if end == "line" { bench.lines("found 0 problems.") } else { bench.named("done") }
            #expect(bench.stages == "lint COMPLETED 1")
        }
    }

    @Test("all_of remembers what came since the attempt began, over updates")
    func allOfRemembers() throws {
        let all = Condition.all([try .log("lint ok"), .any([.signal("a"), .signal("b")])])
        var bench = PolicyBench([Stage(name: "lint", triggers: .signal("go"), successWhen: all)])
        bench.lines("lint ok")
        bench.named("go")
        bench.named("b")
        #expect(bench.stages == "lint RUNNING 1")
        bench.lines("something else")
        #expect(bench.stages == "lint RUNNING 1")
        bench.lines("lint ok")
        #expect(bench.stages == "lint COMPLETED 1")
    }

    @Test("What all_of remembers of one attempt does not help the next")
    func allOfForgets() throws {
        let all = Condition.all([.signal("a"), .signal("b")])
        var bench = PolicyBench([
            Stage(
                name: "lint", successWhen: all, failWhen: .signal("bad"),
                failure: .steps(.retry(RetryPlan(max: 1, backoff: .seconds(1)))))
        ])
        bench.named("a")
        bench.named("bad")
        bench.wait(.seconds(1))
        #expect(bench.stages == "lint RUNNING 2")
        bench.named("b")
        #expect(bench.stages == "lint RUNNING 2")
        bench.named("a")
        #expect(bench.stages == "lint COMPLETED 2")
    }

    @Test("Success beats failure within one logical line")
    func successBeatsFailure() throws {
        var bench = PolicyBench([
            Stage(name: "lint", successWhen: try .log("0 errors"), failWhen: try .log("(?i)error"))
        ])
        bench.lines("finished with 0 errors")
        #expect(bench.stages == "lint COMPLETED 1")
    }

    @Test("A marker and the line it stands on are one line")
    func markerBeatsItsLine() throws {
        var bench = PolicyBench([
            Stage(name: "lint", successWhen: .type("STATUS"), failWhen: try .log("(?i)error"))
        ])
        bench.together(
            .line(#"### SENTRY {"type":"STATUS","summary":"no error"}"#),
            .marker(Marker(payload: ["type": "STATUS", "summary": "no error"]), source: "screen"))
        #expect(bench.stages == "lint COMPLETED 1")
    }

    @Test("Otherwise order decides, also within one update", arguments: [true, false])
    func orderDecides(errorFirst: Bool) throws {
        var bench = PolicyBench([
            Stage(name: "lint", successWhen: try .log("^ok$"), failWhen: try .log("error"))
        ])
        if errorFirst { bench.lines("error", "ok") } else { bench.lines("ok", "error") }
        #expect(bench.stages == (errorFirst ? "lint FAILED 1" : "lint COMPLETED 1"))
    }

    @Test("A state that holds already triggers, but does not succeed")
    func stateThatHoldsAlready() {
        var bench = PolicyBench(
            [Stage(name: "ask", triggers: .state(.idle), successWhen: .state(.idle))], state: .idle)
        #expect(bench.stages == "ask RUNNING 1")
        bench.signal(.state(.working, waitingFor: nil, exitStatus: nil))
        #expect(bench.stages == "ask RUNNING 1")
        bench.signal(.state(.idle, waitingFor: nil, exitStatus: nil))
        #expect(bench.stages == "ask COMPLETED 1")
    }

    @Test("after counts from the time the stage began to wait")
    func after() {
        var bench = PolicyBench([Stage(name: "nudge", triggers: .after(.seconds(300)))])
        #expect(bench.machine.nextDeadline == bench.now.advanced(by: .seconds(300)))
        bench.wait(.seconds(299))
        #expect(bench.stages == "nudge WAITING_TRIGGER 0")
        bench.wait(.seconds(1))
        #expect(bench.stages == "nudge COMPLETED 1")
        #expect(bench.machine.nextDeadline == nil)
    }

    @Test("all_of with a timer and a signal waits for both, whichever comes first", arguments: [true, false])
    func timerAndSignal(signalFirst: Bool) {
        var bench = PolicyBench([
            Stage(name: "nudge", triggers: .all([.after(.seconds(60)), .state(.idle)]))
        ])
        let idle = Signal.Body.state(.idle, waitingFor: nil, exitStatus: nil)
        if signalFirst { bench.signal(idle) }
        bench.wait(.seconds(60))
        if !signalFirst {
            #expect(bench.stages == "nudge WAITING_TRIGGER 0")
            bench.signal(idle)
        }
        #expect(bench.stages == "nudge COMPLETED 1")
    }

    @Test("A state that was triggers nothing: what the agent is now counts")
    func formerState() {
        var bench = PolicyBench([
            Stage(name: "nudge", triggers: .all([.state(.idle), .after(.seconds(60)), .signal("go")]))
        ])
        bench.signal(.state(.idle, waitingFor: nil, exitStatus: nil))
        bench.named("go")
        bench.signal(.state(.working, waitingFor: nil, exitStatus: nil))
        bench.wait(.seconds(60))
        #expect(bench.stages == "nudge WAITING_TRIGGER 0")
        bench.signal(.state(.idle, waitingFor: nil, exitStatus: nil))
        #expect(bench.stages == "nudge COMPLETED 1")
    }

    @Test("The signal that let a stage begin to wait can trigger it, but does not complete it")
    func decidingSignal() {
        let marker = Condition.marker(("stage", "lint"), ("ok", true))
        var bench = PolicyBench([
            Stage(name: "lint", successWhen: .type("STATUS")),
            Stage(
                name: "build", triggers: marker, actionsOnStart: [.sh("make")], successWhen: .type("STATUS")),
        ])
        bench.marker(["type": "STATUS", "stage": "lint", "ok": true])
        #expect(bench.stages == "lint COMPLETED 1, build RUNNING 1")
    }

    static let hooks: [(String, String?, [String], Bool)] = [
        ("post-commit", "feature/a/b", ["Sources/x/y.swift"], true),
        ("post-commit", "feature/a", ["docs/a.md", "Package.swift"], true),
        ("post-commit", "feature/a", ["docs/a.md"], false), ("post-commit", "main", ["Package.swift"], false),
        ("post-merge", "feature/a", ["Package.swift"], false), ("post-commit", nil, ["Package.swift"], false),
        ("post-commit", "feature/a", [], false),
    ]

    @Test("git_hook compares name, branch and changed paths", arguments: hooks)
    func gitHooks(name: String, branch: String?, paths: [String], begins: Bool) {
        var bench = PolicyBench(
            [Stage(name: "build", successWhen: .signal("never"))],
            startsOn: .hook("post-commit", branch: "feature/*", paths: ["Sources/", "*.swift"]))
        bench.hook(name, branch: branch, paths: paths)
        #expect(bench.stages == (begins ? "build RUNNING 1" : "no run"))
    }

    @Test("A regular expression that runs into its limit does not match")
    func costlyExpression() throws {
        var bench = PolicyBench([Stage(name: "lint", successWhen: try .log(#"^(\w+\s?)+$"#))])
        bench.lines(String(repeating: "word ", count: 200) + "!")
        #expect(bench.stages == "lint RUNNING 1")
    }

    @Test("A timer that runs out beside another event is still asked for")
    func timerBesideAnotherEvent() {
        var bench = PolicyBench([Stage(name: "nudge", triggers: .after(.seconds(60)))])
        bench.now = bench.now.advanced(by: .seconds(61))
        bench.send(.factsChanged(bench.machine.facts))
        #expect(bench.machine.nextDeadline.map { $0 <= bench.now } == true)
        bench.send(.tick)
        #expect(bench.stages == "nudge COMPLETED 1")
    }
}
