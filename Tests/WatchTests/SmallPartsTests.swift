import Core
import ProcessKit
import Store
import SystemPackage
import TerminalKit
import TestSupport
import Testing

@testable import Watch

extension SizeLog {
    fileprivate mutating func take(if entry: Entry?) {
        if entry != nil { take() }
    }
}

struct SmallPartsTests {
    @Test func aStateMustStandForAMoment() {
        var debouncer = StateDebouncer(accepted: .init(state: .working))
        let start = Timestamp(milliseconds: 1000)
        let found1 = debouncer.observe(.init(state: .idle), at: start)
        #expect(found1 == nil)
        #expect(debouncer.deadline == start.advanced(by: StateDebouncer.pause))
        let found2 = debouncer.observe(.init(state: .working), at: start.advanced(by: .milliseconds(50)))
        #expect(found2 == nil)
        #expect(debouncer.deadline == nil)
        let again = start.advanced(by: .milliseconds(100))
        let found3 = debouncer.observe(.init(state: .idle), at: again)
        #expect(found3 == nil)
        let found4 = debouncer.observe(.init(state: .idle), at: again.advanced(by: .milliseconds(349)))
        #expect(found4 == nil)
        let found5 = debouncer.observe(.init(state: .idle), at: again.advanced(by: .milliseconds(350)))
        #expect(
            found5?.state == .idle
        )
        let found6 = debouncer.observe(.init(state: .gone), at: again.advanced(by: .milliseconds(351)))
        #expect(found6 != nil)
    }

    private func workingShell(since start: Timestamp) -> SubjectWatch {
        let subject = Subject.agent(AgentID("a"))
        return SubjectWatch(
            subject, kind: .shell,
            machine: PolicyMachine(
                policy: Policy(pipelines: []), facts: SubjectFacts(subject: subject, since: start)),
            debouncer: StateDebouncer(accepted: .init(state: .working)), committed: 0)
    }

    @Test func aStateThatWasNotWrittenIsSeenAnew() throws {
        let start = Timestamp(milliseconds: 100_000)
        let watch = workingShell(since: start)
        (watch.hasMoreBytes, watch.end) = (false, .init(state: .exited, exitStatus: 3))
        let judges = watch.beginsJudging(at: start)
        #expect(judges)
        #expect(watch.newState(on: nil, at: start)?.state.exitStatus == 3)
        // The write fails.
        watch.failed(at: start)
        let later = try #require(watch.nextDeadline)
        #expect(later > start)
        let judgesAgain = watch.beginsJudging(at: later)
        #expect(judgesAgain)
        let seen = try #require(watch.newState(on: nil, at: later))
        #expect(seen.state.state == .exited)
        watch.visited()
        watch.debouncer = seen.debouncer
        #expect(watch.newState(on: nil, at: later) == nil)
        #expect(watch.nextDeadline == nil)
    }

    @Test func aStringThatDoesNotEndHidesNothingForEver() async throws {
        try await withTemporaryFolder { folder in
            let tap = folder.appending("a.tap")
            try Files.append("ready\r\n\u{1b}]0;abc", to: tap)
            let start = Timestamp(milliseconds: 100_000)
            let watch = workingShell(since: start)
            var follower = try TapFollower(path: tap, kind: .shell, size: TerminalSize(columns: 80, rows: 24))
            _ = try follower.read(follower.nextBytes())
            watch.follower = follower
            watch.noteBytes(at: start)
            watch.hasMoreBytes = false
            #expect(watch.stringDeadline == start.advanced(by: .seconds(5)))
            #expect(follower.reader.keyframe() == nil)
            follower.leaveString()
            #expect(watch.stringDeadline == nil)
            #expect(follower.reader.screen.title.isEmpty)
            let frame = try #require(follower.reader.keyframe())
            let place = TapFollower.Place(offset: follower.offset, keyframe: frame)
            var next = try TapFollower(
                path: tap, kind: .shell, size: TerminalSize(columns: 80, rows: 24), from: place)
            try Files.append("\r\n### SENTRY {\"type\":\"T\",\"n\":1}\r\n", to: tap)
            let readings = [
                try follower.read(follower.nextBytes()), try next.read(next.nextBytes()),
            ]
            for readings in readings {
                #expect(readings.count { if case .marker = $0 { true } else { false } } == 1)
            }
        }
    }

    @Test func sizesAreTakenInOrderAndOnce() async throws {
        try await withTemporaryFolder { folder in
            let path = folder.appending("a.tap.sizes")
            try Files.append("1 10 80 24\nnot a size\n2 20 100 30\n3 30 12", to: path)
            var log = SizeLog(path: path)
            try log.refresh()
            let found7 = log.next(upTo: 9)
            log.take(if: found7)
            #expect(found7 == nil)
            let found8 = log.next(upTo: 10)
            log.take(if: found8)
            #expect(found8?.size == TerminalSize(columns: 80, rows: 24))
            let position = log.position
            let found9 = log.next(upTo: 50)
            log.take(if: found9)
            #expect(found9?.size == TerminalSize(columns: 100, rows: 30))
            let found10 = log.next(upTo: 50)
            log.take(if: found10)
            #expect(found10 == nil)
            try Files.append("0 40 start\n4 40 0 5\n", to: path)
            try log.refresh()
            let last = log.next(upTo: 50)
            log.take(if: last)
            #expect(last?.isStart == true)
            #expect(last?.size == TerminalSize(columns: 120, rows: 40))
            let found11 = log.next(upTo: .max)
            log.take(if: found11)
            #expect(found11 == nil)
            var later = SizeLog(path: path, position: position)
            try later.refresh()
            let found12 = later.next(upTo: 50)
            later.take(if: found12)
            #expect(found12?.offset == 20)
            try Files.write("9 5 70 20\n", to: path)
            try later.refresh()
            let found13 = later.next(upTo: 5)
            later.take(if: found13)
            #expect(found13?.size.columns == 70)
        }
    }

    @Test(arguments: [
        ("post-commit\t/r/w\tmain\tabc\trun-1", true), ("post-commit\t/r/w\t\t\t", true),
        ("post-commit\t/r/w\tmain\tabc", false), ("post-commit\tr/w\tmain\tabc\t", false),
        ("pre-push\t/r/w\tmain\tabc\t", false), ("", false), ("\u{0}\u{1b}[31m", false),
    ])
    func aHookLineIsOneOfOursOrNothing(_ text: String, _ isOurs: Bool) {
        #expect((HookLine(bytes: Array(text.utf8)) != nil) == isOurs)
    }

    @Test func aHookLineSaysWhatRan() throws {
        let line = try #require(HookLine(bytes: Array("post-merge\t/r/../w\tmain\tabc\trun-1".utf8)))
        #expect(line.name == "post-merge")
        #expect(line.checkout == "/w")
        #expect(line.branch == "main")
        #expect(line.commit == "abc")
        #expect(line.run == RunID("run-1"))
    }

    @Test func aBrokenPolicyLeavesTheLastGoodOne() async throws {
        try await withTemporaryFolder { folder in
            let path = folder.appending("policy.yaml")
            var live = LivePolicy(path: path, copy: folder.appending("copy/policy.yaml"))
            guard case .missing = live.reload(mainBranch: "main") else {
                Issue.record("no file at the start was not said")
                return
            }
            guard case .none = live.reload(mainBranch: "main") else {
                Issue.record("the missing file was said twice")
                return
            }
            try Files.write("pipelines:\n  - name: a\n    stages:\n      - name: b\n", to: path)
            guard case .replaced = live.reload(mainBranch: "main") else {
                Issue.record("a new policy was not taken up: \(live.problem ?? "")")
                return
            }
            #expect(live.policy.pipelines.map(\.name) == ["a"])
            try Files.write("pipelines:\n  - nam: a\n", to: path)
            guard case .refused(let reason) = live.reload(mainBranch: "main") else {
                Issue.record("a broken policy was taken up")
                return
            }
            #expect(reason.contains("policy.yaml:2"))
            #expect(live.policy.pipelines.map(\.name) == ["a"])
            // The same broken text is said once.
            guard case .none = live.reload(mainBranch: "main") else {
                Issue.record("the same problem was said twice")
                return
            }
            try Files.write("pipelines: []\n", to: path)
            guard case .replaced = live.reload(mainBranch: "main") else {
                Issue.record("the repaired policy was not taken up")
                return
            }
            #expect(live.policy.pipelines.isEmpty)
        }
    }

    /// git and some editors take a file away for a moment when they write it anew.
    @Test func aPolicyFileThatVanishesLeavesTheLastGoodOneOverARestart() async throws {
        try await withTemporaryFolder { folder in
            let (path, copy) = (folder.appending("policy.yaml"), folder.appending("copy/policy.yaml"))
            let text = "pipelines:\n  - name: a\n    stages:\n      - name: b\n"
            try Files.write(text, to: path)
            var live = LivePolicy(path: path, copy: copy)
            guard case .replaced = live.reload(mainBranch: "main") else {
                Issue.record("a policy was not taken up")
                return
            }
            try Files.remove(path)
            guard case .refused(let reason) = live.reload(mainBranch: "main") else {
                Issue.record("a missing policy was taken up")
                return
            }
            #expect(reason.contains("does not exist: put it back, or write 'pipelines: []'"))
            #expect(live.policy.pipelines.map(\.name) == ["a"])
            var next = LivePolicy(path: path, copy: copy)
            guard case .refused = next.reload(mainBranch: "main") else {
                Issue.record("a missing policy was taken up at the start")
                return
            }
            #expect(next.policy == live.policy)
            var other = LivePolicy(path: path, copy: copy, isClassic: true)
            guard case .missing = other.reload(mainBranch: nil) else {
                Issue.record("'run' took up the policy of another one")
                return
            }
            try Files.write(text, to: path)
            guard case .replaced = next.reload(mainBranch: "main") else {
                Issue.record("the file that came back was not taken up")
                return
            }
            try Files.write("pipelines:\n  - nam: a\n", to: path)
            var last = LivePolicy(path: path, copy: copy)
            guard case .refused = last.reload(mainBranch: "main") else {
                Issue.record("a broken policy was taken up at the start")
                return
            }
            #expect(last.policy == live.policy)
        }
    }

    /// A stage that fails in the very step that started it: its command must not run, its message must go out.
    @Test func anActionThatIsTakenBackInItsOwnStepIsNeverStored() throws {
        let stage = Stage(
            name: "build", triggers: .test(.signal("go"), at: .none),
            actionsOnStart: [
                .notify(Notice(title: "begins", body: "")), .shell(command: "make", timeout: .seconds(9)),
            ], failWhen: .test(.logRegex(try Pattern("error")), at: .none))
        let subject = Subject.agent(AgentID("a"))
        let now = Timestamp(milliseconds: 1)
        var machine = PolicyMachine(
            policy: Policy(pipelines: [Pipeline(name: "ci", stages: [stage])]),
            facts: SubjectFacts(subject: subject, since: now))
        let bodies: [Signal.Body] = [.named("go", payload: JSONObjectBox(JSONObject())), .line("an error")]
        let effects = machine.receive(
            .signals(bodies.map { [Signal(subject: subject, at: now, body: $0)] }), at: now,
            ids: IDMaker { 1 })
        #expect(machine.runs.map(\.state) == [.failed])
        var step = WatchStep()
        step.add(effects, subject: subject, at: now, [:])
        #expect(step.outbox.map(\.action.words) == ["notify 'begins'"])
        #expect(step.cancelledRuns.count == 1)
    }

    @Test func troublesAreSaidWhenTheyBeginChangeAndEnd() {
        var troubles = Troubles()
        let found14 = troubles.began("a", "x")
        #expect(found14)
        let found15 = troubles.began("a", "x")
        #expect(!found15)
        let found16 = troubles.began("a", "y")
        #expect(found16)
        let found17 = troubles.ended("a")
        #expect(found17)
        let found18 = troubles.ended("a")
        #expect(!found18)
    }

    @Test func lineDrawingIsTheSameAsItsLetters() {
        #expect(LineDrawing.isSame("❯", "❯\u{a0}"))
        #expect(LineDrawing.isSame("┌──┐ a", "lqqk a"))
        #expect(!LineDrawing.isSame("┌──┐ a", "lqqk b"))
        #expect(!LineDrawing.isSame("lqqk", "┌──┐"))
    }

    @Test func anEscalationGoesWhereItsCodeSays() throws {
        var settings = EscalationSettings()
        (settings.channels, settings.severity, settings.title) = (["stdout"], .warning, "[ops]")
        let escalate = PolicyEffect.escalate(
            OutboxID("e"), code: "ops", notice: Notice(title: "broken", body: "b"), run: RunID("r"),
            stage: "s")
        var step = WatchStep()
        let now = Timestamp(milliseconds: 5)
        step.add([escalate], subject: .mainCheckout, at: now, ["ops": settings])
        guard case .notify(let notice)? = step.outbox.first?.action else {
            Issue.record("nobody is told")
            return
        }
        #expect(notice == Notice(title: "[ops] broken", body: "b", severity: .warning, channels: ["stdout"]))
        #expect(step.journal.map(\.kind.rawValue) == ["escalated"])
        var other = WatchStep()
        other.add([escalate], subject: .mainCheckout, at: now, [:])
        #expect(other.outbox.first?.action == .notify(Notice(title: "broken", body: "b")))
    }
}
