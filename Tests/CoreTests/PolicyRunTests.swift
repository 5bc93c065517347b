import Core
import Testing

@Suite("How runs begin and end")
struct PolicyRunTests {
    static let open = [Stage(name: "build", actionsOnStart: [.sh("make")], successWhen: .exit(0))]

    @Test("Without starts_on a pipeline runs once, by itself")
    func oneRun() {
        var bench = PolicyBench(Self.open)
        #expect(bench.runStates == [.running])
        bench.ended(exit: 0)
        bench.wait(.seconds(60))
        bench.hook("post-commit")
        #expect(bench.runStates == [.completed])
        #expect(bench.actions.count == 1)
    }

    @Test("With starts_on no run begins by itself, and each event begins one")
    func eventsBegin() throws {
        var bench = PolicyBench(Self.open, startsOn: .hook("post-commit"))
        bench.wait(.seconds(60))
        #expect(bench.machine.runs.isEmpty)
        bench.hook("post-commit")
        #expect(bench.runStates == [.running])
        let first = try #require(bench.run)
        #expect(first.commit == "c0ffee")
        #expect(first.hook == "post-commit")
        #expect(first.cause?.contains(#""git_hook":"post-commit""#) == true)
        bench.ended(exit: 0)
        bench.hook("post-commit")
        let second = try #require(bench.run)
        #expect(second.id != first.id)
        #expect(second.state == .running)
    }

    @Test("queue: runs wait for their turn, in order")
    func queue() {
        var bench = PolicyBench(Self.open, startsOn: .signal("go"), whenBusy: .queue)
        for _ in 0..<3 { bench.named("go") }
        #expect(bench.runStates == [.running, .queued, .queued])
        #expect(bench.actions.count == 1)
        let order = bench.machine.runs.map(\.id)
        bench.ended(exit: 0)
        #expect(bench.runStates == [.running, .queued], "the run that ended is forgotten behind a later one")
        #expect(bench.actions.count == 2)
        bench.ended(exit: 1)
        bench.ended(exit: 0)
        #expect(bench.items.compactMap(\.run) == order)
    }

    @Test("queue: a storm of events is bounded, and what is left out is said")
    func queueIsBounded() {
        var bench = PolicyBench(Self.open, startsOn: .signal("go"), whenBusy: .queue)
        for _ in 0..<50 { bench.named("go") }
        #expect(bench.machine.runs.count == PolicyMachine.longestQueue + 1)
        #expect(bench.ignored.count == 50 - PolicyMachine.longestQueue - 1)
    }

    @Test("restart: the run under way is cancelled with its actions")
    func restart() {
        var bench = PolicyBench(Self.open, startsOn: .signal("go"), whenBusy: .restart)
        bench.named("go")
        bench.named("go")
        #expect(bench.runStates.last == .running)
        #expect(bench.actions.count == 2)
        #expect(bench.cancelsPending)
        let cancelled = bench.effects.contains {
            if case .changed(let change) = $0 { change.run.state == .cancelled } else { false }
        }
        #expect(cancelled)
    }

    @Test("ignore: an event during a run is left out, and that is said")
    func ignore() {
        var bench = PolicyBench(Self.open, startsOn: .signal("go"), whenBusy: .ignore)
        bench.named("go")
        bench.named("go")
        #expect(bench.runStates == [.running])
        #expect(bench.ignored == ["a run is under way (when_busy: ignore)"])
    }

    @Test(
        "A hook that fires inside a run's own action begins nothing, unless the pipeline is recursive",
        arguments: [true, false])
    func hookInsideRun(recursive: Bool) {
        var bench = PolicyBench(Self.open, startsOn: .hook("post-commit"), recursive: recursive)
        bench.hook("post-commit", insideRun: RunID("run-9"))
        #expect(bench.runStates == (recursive ? [.running] : []))
        #expect(bench.ignored.count == (recursive ? 0 : 1))
    }

    @Test("A timer in starts_on begins a run again and again, counted from the end of the last")
    func periodicRuns() {
        var bench = PolicyBench(Self.open, startsOn: .after(.seconds(3600)))
        #expect(bench.machine.nextDeadline == bench.now.advanced(by: .seconds(3600)))
        bench.wait(.seconds(3600))
        #expect(bench.actions.count == 1)
        bench.wait(.seconds(7200))
        #expect(bench.actions.count == 1)
        bench.ended(exit: 0)
        bench.wait(.seconds(3599))
        #expect(bench.actions.count == 1)
        bench.wait(.seconds(1))
        #expect(bench.actions.count == 2)
    }

    @Test("When the subject goes, its runs end and their questions are taken back")
    func subjectGone() {
        var bench = PolicyBench([Stage(name: "ship", approval: ApprovalRequest())])
        bench.send(.subjectGone)
        #expect(bench.runStates == [.cancelled])
        #expect(bench.cancelledQuestions == bench.questions.map(\.id))
    }

    @Test("reset cancels the run and begins another")
    func reset() {
        var bench = PolicyBench(Self.open)
        bench.send(.reset(pipeline: nil, stage: nil))
        #expect(bench.runStates == [.running])
        #expect(Set(bench.items.compactMap(\.run)).count == 2)
        #expect(bench.cancelsPending)
    }

    @Test("reset of a stage puts it and those behind it back, with new keys")
    func resetStage() {
        var bench = PolicyBench([
            Stage(name: "a", actionsOnStart: [.sh("a")]), Stage(name: "b", actionsOnStart: [.sh("b")]),
        ])
        bench.ended(exit: 0)
        bench.ended(exit: 0)
        #expect(bench.runStates == [.completed])
        bench.send(.reset(pipeline: "ci", stage: "b"))
        #expect(bench.stages == "a COMPLETED 1, b RUNNING 2")
        bench.ended(exit: 0)
        #expect(bench.runStates == [.completed])
        #expect(Set(bench.keys).count == 3)
    }

    @Test("reset of a stage that has not begun is refused, and the one before it goes on")
    func resetOfALaterStage() {
        var bench = PolicyBench([
            Stage(name: "a", approval: ApprovalRequest(), actionsOnStart: [.sh("a")]), Stage(name: "b"),
        ])
        bench.send(.reset(pipeline: nil, stage: "b"))
        #expect(bench.ignored == ["stage 'b' has not begun: the run stands at 'a'"])
        #expect(bench.cancelledQuestions == [])
        bench.answer(.approve)
        bench.send(.reset(pipeline: nil, stage: "b"))
        #expect(!bench.cancelsPending)
        bench.ended(exit: 1)
        bench.send(.reset(pipeline: nil, stage: "b"))
        #expect(bench.runStates == [.failed])
        bench.send(.retry(pipeline: nil))
        bench.ended(exit: 0)
        #expect(bench.stages == "a COMPLETED 2, b COMPLETED 1")
    }

    @Test("retry tries a failed stage once more; one that was rejected asks again")
    func retry() {
        var bench = PolicyBench([Stage(name: "a", triggers: .signal("go"), actionsOnStart: [.sh("a")])])
        bench.named("go")
        bench.ended(exit: 1)
        #expect(bench.stages == "a FAILED 1")
        bench.send(.retry(pipeline: nil))
        #expect(bench.stages == "a RUNNING 2")
        bench.ended(exit: 0)
        #expect(bench.runStates == [.completed])
        var asked = PolicyBench([Stage(name: "a", approval: ApprovalRequest())])
        asked.answer(.reject)
        asked.send(.retry(pipeline: nil))
        #expect(asked.stages == "a WAITING_APPROVAL 1")
        #expect(asked.questions.count == 2)
    }

    @Test("An edited policy keeps runs whose begun stages still stand there")
    func editedPolicy() {
        var bench = PolicyBench([Stage(name: "a", actionsOnStart: [.sh("a")]), Stage(name: "b")])
        func edited(_ stages: [Stage]) -> PolicyEvent {
            .policyReplaced(Policy(pipelines: [Pipeline(name: "ci", stages: stages)]))
        }
        bench.send(
            edited([
                Stage(name: "a", actionsOnStart: [.sh("a")]), Stage(name: "c", actionsOnStart: [.sh("c")]),
            ]))
        #expect(bench.stages == "a RUNNING 1, c IDLE 0")
        bench.ended(exit: 0)
        #expect(bench.stages == "a COMPLETED 1, c RUNNING 1")
        bench.send(edited([Stage(name: "c")]))
        #expect(bench.runStates == [.cancelled])
    }

    @Test("A pipeline that leaves the policy ends its runs; a new one begins")
    func pipelineLeaves() {
        var bench = PolicyBench(Self.open)
        bench.send(.policyReplaced(Policy(pipelines: [Pipeline(name: "new", stages: Self.open)])))
        #expect(bench.machine.runs.map(\.pipeline) == ["ci", "new"])
        #expect(bench.runStates == [.cancelled, .running])
    }

    static func entry(_ make: (inout PipelineMatch.Entry) throws -> Void) rethrows -> PipelineMatch {
        var entry = PipelineMatch.Entry()
        try make(&entry)
        return .entry(entry)
    }

    @Test("All keys of an entry must hold, and any entry of any_of is enough")
    func matching() throws {
        let facts = SubjectFacts(
            subject: .agent(AgentID("a")), branch: "feature/deep/x", template: "qa-template", agent: "codex",
            session: "agent-x", host: "local", windowName: "agent:codex-ci", paneTitle: "⠋ Codex working",
            since: Timestamp(milliseconds: 0))
        func matches(_ match: PipelineMatch) -> Bool {
            Pipeline(name: "p", match: match, stages: []).matches(facts)
        }
        let window = try Self.entry { $0.windowName = try Pattern("^agent:codex-ci$") }
        let title = try Self.entry { $0.paneTitle = try Pattern("codex") }
        #expect(matches(window))
        #expect(!matches(title))
        #expect(matches(.any([title, window])))
        #expect(!matches(.all([title, window])))
        #expect(!matches(.any([])))
        #expect(matches(Self.entry { $0.branch = "feature/*" }))
        #expect(!matches(Self.entry { $0.branch = "feature" }))
        #expect(
            matches(
                Self.entry {
                    ($0.template, $0.agent, $0.session, $0.host) = ("qa-*", "codex", "agent-?", "local")
                }))
        #expect(!matches(Self.entry { ($0.branch, $0.host) = ("feature/*", "far") }))
    }

    @Test("The main checkout is meant outright, or by a branch alone where no pane is needed")
    func mainCheckout() {
        let facts = SubjectFacts(subject: .mainCheckout, branch: "main", since: Timestamp(milliseconds: 0))
        let shell = [Stage(name: "s", actionsOnStart: [.sh("make")])]
        func matches(_ match: PipelineMatch?, startsOn: Condition? = .hook("post-commit"), stages: [Stage])
            -> Bool
        {
            Pipeline(name: "p", match: match, startsOn: startsOn, stages: stages).matches(facts)
        }
        let branch = Self.entry { $0.branch = "main" }
        #expect(matches(nil, stages: shell))
        #expect(!matches(nil, startsOn: nil, stages: shell))
        #expect(matches(branch, stages: shell))
        #expect(!matches(branch, stages: [Stage(name: "s", actionsOnStart: [.sendKeys("x")])]))
        #expect(!matches(Self.entry { $0.template = "*" }, stages: shell))
        #expect(matches(Self.entry { $0.checkout = .main }, startsOn: nil, stages: shell))
        #expect(!matches(Self.entry { $0.checkout = .agent }, stages: shell))
    }

    @Test("A fact that changes can make a pipeline fit; runs under way stay")
    func changedFacts() throws {
        let match = try Self.entry { $0.paneTitle = try Pattern("ready") }
        var bench = PolicyBench(
            policy: Policy(pipelines: [Pipeline(name: "p", match: match, stages: Self.open)]))
        #expect(bench.machine.runs.isEmpty)
        var facts = bench.machine.facts
        facts.paneTitle = "ready"
        bench.send(.factsChanged(facts))
        #expect(bench.runStates == [.running])
        facts.paneTitle = "busy"
        bench.send(.factsChanged(facts))
        #expect(bench.runStates == [.running])
    }

    @Test("Only expressions of pipelines that match are asked for")
    func linePatterns() throws {
        func pipeline(_ name: String, _ expression: String, branch: String) throws -> Pipeline {
            Pipeline(
                name: name, match: Self.entry { $0.branch = branch }, startsOn: try .log(expression),
                stages: [Stage(name: "s", successWhen: .any([try .log(expression + "!"), .signal("x")]))])
        }
        let policy = Policy(pipelines: [
            try pipeline("mine", "a", branch: "feature/*"), try pipeline("other", "b", branch: "main"),
        ])
        #expect(PolicyBench(policy: policy).machine.linePatterns.map(\.expression) == ["a!", "a"])
    }

    private func edited(_ stages: Stage...) -> PolicyEvent {
        .policyReplaced(Policy(pipelines: [Pipeline(name: "ci", stages: stages)]))
    }

    @Test(
        "A stage whose trigger an edit takes away starts; one whose trigger cannot come any more is skipped")
    func removedTriggers() {
        let waiting = [
            Stage(name: "a", failWhen: .exit(1), failure: .goOn), Stage(name: "b", triggers: .signal("go")),
        ]
        var bench = PolicyBench(waiting)
        #expect(bench.stages == "a COMPLETED 1, b WAITING_TRIGGER 0")
        bench.send(edited(waiting[0], Stage(name: "b")))
        #expect(bench.stages == "a COMPLETED 1, b COMPLETED 1")
        var failed = PolicyBench([
            Stage(name: "a", actionsOnStart: [.sh("a")], failure: .goOn), waiting[1],
        ])
        failed.ended(exit: 1)
        #expect(failed.stages == "a FAILED 1, b WAITING_TRIGGER 0")
        failed.send(edited(waiting[0], Stage(name: "b", triggers: .success("a"))))
        #expect(failed.stages == "a FAILED 1, b IDLE 0")
        #expect(failed.runStates == [.completed])
        var pausing = PolicyBench(
            [
                Stage(
                    name: "a", triggers: .state(.idle), actionsOnStart: [.sh("a")],
                    failure: .steps(.retry(RetryPlan(max: 1, backoff: .seconds(60)))))
            ], state: .idle)
        pausing.ended(exit: 1)
        pausing.send(edited(Stage(name: "a", actionsOnStart: [.sh("a")])))
        #expect(pausing.stages == "a WAITING_TRIGGER 1", "a pause before a retry is no trigger")
    }

    @Test("A stage whose actions are done follows an edit of what it needs for success")
    func removedSuccess() {
        let stage = Stage(name: "a", actionsOnStart: [.sh("a")], successWhen: .signal("ok"))
        func done() -> PolicyBench {
            var bench = PolicyBench([stage])
            bench.ended(exit: 0)
            return bench
        }
        var bench = done()
        bench.send(edited(stage))
        #expect(bench.stages == "a RUNNING 1")
        bench.send(edited(Stage(name: "a", actionsOnStart: [.sh("a")])))
        #expect(bench.runStates == [.completed])
        var judged = done()
        judged.send(edited(Stage(name: "a", actionsOnStart: [.sh("a")], successWhen: .exit(1))))
        #expect(judged.stages == "a FAILED 1")
        var longer = done()
        longer.send(
            edited(Stage(name: "a", actionsOnStart: [.sh("a"), .sh("b")], successWhen: .signal("ok"))))
        #expect(longer.actions.count == 2)
        longer.named("ok")
        longer.ended(exit: 0)
        #expect(longer.runStates == [.completed])
        var under = PolicyBench([stage])
        under.send(edited(Stage(name: "a", actionsOnStart: [.sh("a")])))
        #expect(under.stages == "a RUNNING 1", "its action is not done")
    }
}
