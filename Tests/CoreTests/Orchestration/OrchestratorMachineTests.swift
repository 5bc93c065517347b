import Core
import Testing

@Suite struct OrchestratorMachineTests {
    @Test func aTaskBeginsWhenItsDependenciesAreDoneAndThereIsRoom() {
        var desk = OrchestratorDesk(tasks: [
            PlannedTask(branch: "late", priority: 9), PlannedTask(branch: "first"),
            PlannedTask(branch: "second", dependsOn: ["first"]),
        ]) { $0.maxAgents = 1 }
        #expect(desk.spawned == ["late"], "the highest priority begins first")
        desk.finish("late")
        #expect(desk.spawned == ["late", "first"])
        desk.finish("first")
        #expect(desk.spawned == ["late", "first", "second"])
    }

    @Test func aDecidersWordAloneCompletesNothing() {
        var desk = OrchestratorDesk(tasks: [PlannedTask(branch: "a")]) { $0.hasDecider = true }
        desk.run("a")
        desk.decide("a", Decision(phase: "done"))
        #expect(desk.state("a") == .running)
        desk.take(.phase(branch: "a", phase: "done", source: .agent))
        #expect(desk.state("a") == .done)
    }

    @Test func doneNeedsTheNamedStagesAndTheMerge() {
        var desk = OrchestratorDesk(tasks: [
            PlannedTask(branch: "a", stages: ["lint", "test"], mustBeMerged: true)
        ])
        desk.run("a")
        desk.take(.phase(branch: "a", phase: "done", source: .agent))
        desk.facts("a") { $0.stages = ["lint": .completed, "test": .running] }
        #expect(desk.state("a") == .running)
        desk.facts("a") { $0.stages = ["lint": .completed, "test": .completed] }
        #expect(desk.state("a") == .running)
        desk.facts("a") { $0.isMerged = true }
        #expect(desk.state("a") == .done)
    }

    @Test func aTaskBehindAFailedOneIsBlockedByIt() {
        var desk = OrchestratorDesk(tasks: [
            PlannedTask(branch: "a"), PlannedTask(branch: "b", dependsOn: ["a"]),
            PlannedTask(branch: "c", dependsOn: ["b"]),
        ])
        desk.take(.notSpawned(branch: "a", reason: "a conflict", again: false))
        #expect(desk.state("a") == .failed)
        #expect(desk.machine.blockers == ["b": "a", "c": "a"])
        desk.take(.requested(branch: "a", request: .retry))
        #expect(desk.machine.blockers.isEmpty)
        #expect(desk.state("a") == .starting)
    }

    @Test func aTaskWhoseDependenciesConflictIsBlockedAndLeavesItsSlot() throws {
        var desk = OrchestratorDesk(tasks: [
            PlannedTask(branch: "a"), PlannedTask(branch: "b"),
            PlannedTask(branch: "c", dependsOn: ["a", "b"], priority: 1),
            PlannedTask(branch: "d", dependsOn: ["c"]), PlannedTask(branch: "e", dependsOn: ["b"]),
        ]) { $0.maxAgents = 1 }
        desk.finish("a")
        desk.finish("b")
        let conflict = TaskStanding.Conflict(dependency: "b", files: ["README", "x"])
        desk.take(.conflicted(branch: "c", conflict: conflict))
        #expect(desk.state("c") == .waiting)
        #expect(desk.machine.blockers == ["c": "b", "d": "c"])
        let reason = try #require(desk.machine.standings["c"]?.reason)
        #expect(
            reason
                == "'b' conflicts with 'a' or the base in README, x: merge them in 'b', then 'tmux-agent tasks retry c'"
        )
        #expect(desk.alarms == [.conflict])
        #expect(desk.spawned == ["a", "b", "c", "e"], "the slot is free")
        desk.pass(.seconds(100_000))
        #expect(desk.state("c") == .waiting)
        desk.take(.requested(branch: "c", request: .retry))
        #expect(desk.machine.blockers.isEmpty)
        desk.finish("e")
        #expect(desk.state("c") == .starting && desk.machine.standings["c"]?.reason == nil)
    }

    @Test func anotherPlanForATaskEndsItsConflict() {
        let others = [PlannedTask(branch: "a"), PlannedTask(branch: "b")]
        var desk = OrchestratorDesk(tasks: others + [PlannedTask(branch: "c", dependsOn: ["a", "b"])])
        desk.finish("a")
        desk.finish("b")
        desk.take(
            .conflicted(
                branch: "c", conflict: TaskStanding.Conflict(dependency: "b", files: ["README"])))
        desk.take(.planned(tasks: others + [PlannedTask(branch: "c", dependsOn: ["a"])]))
        #expect(desk.state("c") == .starting)
    }

    @Test func aTaskThatIsDoneIsSummedUpOnce() {
        var desk = OrchestratorDesk(tasks: [
            PlannedTask(branch: "a"), PlannedTask(branch: "b", isDecided: false),
        ]) {
            ($0.hasDecider, $0.hasSummary) = (true, true)
        }
        desk.finish("a")
        desk.finish("b")
        #expect(desk.prepared.filter { $0 == .summary }.count == 1, "nobody is asked about b")
        desk.decide("a", Decision(summary: "It works", commands: [DecidedCommand(text: "rm -r .")]))
        #expect(desk.state("a") == .done)
        #expect(desk.machine.standings["a"]?.deciding.summary == "It works")
        #expect(desk.told == ["It works"] && desk.begun.isEmpty)
        desk.pass(.seconds(100_000))
        #expect(desk.prepared.filter { $0 == .summary }.count == 1)
    }

    @Test func aSummaryThatFailsAgainAndAgainIsLeftOut() {
        var desk = OrchestratorDesk(tasks: [PlannedTask(branch: "a")]) {
            ($0.hasDecider, $0.hasSummary) = (true, true)
        }
        desk.finish("a")
        for number in 0..<5 {
            desk.take(.prepared(branch: "a", hash: "\(number)"))
            desk.take(.notDecided(branch: "a", reason: "nonsense"))
            desk.pass(.seconds(3600))
        }
        #expect(desk.prepared.filter { $0 == .summary }.count == 3)
        #expect(desk.alarms.isEmpty && desk.told.isEmpty)
    }

    @Test func nothingIsAskedAgainWhileTheInputIsTheSame() {
        var desk = OrchestratorDesk(tasks: [PlannedTask(branch: "a")]) { $0.hasDecider = true }
        desk.run("a")
        desk.decide("a", Decision(summary: "waits"), hash: "x")
        let asked = desk.count { if case .decide = $0 { true } else { false } }
        desk.pass(.seconds(121))
        desk.take(.prepared(branch: "a", hash: "x"))
        #expect(desk.count { if case .decide = $0 { true } else { false } } == asked)
        desk.pass(.seconds(46))
        desk.take(.prepared(branch: "a", hash: "y"))
        #expect(desk.count { if case .decide = $0 { true } else { false } } == asked + 1)
    }

    @Test func highRiskWaitsForItsOwnAnswer() throws {
        var desk = OrchestratorDesk(tasks: [PlannedTask(branch: "a")]) { $0.hasDecider = true }
        desk.run("a")
        desk.decide(
            "a", Decision(commands: [DecidedCommand(text: "rm x", risk: .high), DecidedCommand(text: "ls")]))
        #expect(desk.begun.isEmpty, "what stands behind it waits too")
        let command = try #require(desk.machine.commands.values.first { $0.state == .confirming })
        desk.take(.answered(approval: ApprovalID("ap-t-99"), approved: true, by: "ada"))
        #expect(desk.begun.isEmpty)
        desk.take(.answered(approval: try #require(command.approval), approved: false, by: "ada"))
        #expect(desk.begun == ["ls"])
    }

    @Test func denyWinsOverAllow() throws {
        let rules = CommandRules(allow: [try Pattern("^git ")], deny: [try Pattern("push")])
        #expect(rules.judge(DecidedCommand(text: "git status")) == .allowed)
        #expect(rules.judge(DecidedCommand(text: "git push")) == .denied(by: "push"))
        #expect(rules.judge(DecidedCommand(text: "make")) == .notAllowed)
        var desk = OrchestratorDesk(tasks: [PlannedTask(branch: "a")], rules: rules) { $0.hasDecider = true }
        desk.run("a")
        desk.decide("a", Decision(commands: [DecidedCommand(text: "git push", risk: .critical)]))
        #expect(desk.begun.isEmpty && desk.count { if case .ask = $0 { true } else { false } } == 0)
    }

    @Test func whatARequestWouldNotChangeIsSaid() {
        var desk = OrchestratorDesk(tasks: [PlannedTask(branch: "a")]) { $0.hasDecider = true }
        func futile() -> [TaskRequest] {
            let commands = Array(desk.machine.commands.values)
            return TaskRequest.allCases.filter {
                desk.machine.standings["a"]?.futility(of: $0, commands: commands) != nil
            }
        }
        desk.run("a")
        #expect(futile() == [.release, .retry])
        desk.take(.requested(branch: "a", request: .hold))
        #expect(futile() == [.hold, .retry])
        desk.take(.requested(branch: "a", request: .release))
        desk.take(.requested(branch: "a", request: .cancel))
        #expect(futile() == [.release, .cancel])
        desk.take(.requested(branch: "a", request: .retry))
        desk.finish("a")
        #expect(futile() == [.hold, .release, .cancel, .retry])
    }

    @Test func oneAlarmAnEpisodeAndNothingUntilSomebodyReleasesTheBranch() {
        var desk = OrchestratorDesk(tasks: [PlannedTask(branch: "a")]) { $0.stallRetriesBeforeNotify = 1 }
        desk.run("a")
        desk.facts("a") { $0.state = .idle }
        for _ in 0..<20 { desk.pass(.seconds(301)) }
        #expect(desk.alarms == [.stall])
        desk.take(.requested(branch: "a", request: .release))
        for _ in 0..<20 { desk.pass(.seconds(301)) }
        #expect(desk.alarms == [.stall, .stall])
        desk.take(.requested(branch: "a", request: .release))
        for number in 0..<3 {
            desk.facts("a") {
                $0.state = .waiting
                $0.waitingFor = .usageLimit
                $0.printed = Int64(number)
            }
        }
        #expect(desk.alarms == [.stall, .stall, .usageLimit])
    }

    @Test func aFailingDeciderIsAskedLessAndLessOftenAndHeldUpNobodyElse() {
        var desk = OrchestratorDesk(tasks: [PlannedTask(branch: "a"), PlannedTask(branch: "b")]) {
            $0.hasDecider = true
        }
        desk.run("a")
        desk.run("b")
        var pauses: [Int64] = []
        for number in 0..<4 {
            desk.take(.prepared(branch: "a", hash: "\(number)"))
            desk.take(.notDecided(branch: "a", reason: "no JSON"))
            let next = desk.machine.standings["a"]?.deciding.nextAt ?? desk.now
            pauses.append(next.distance(from: desk.now).components.seconds)
            desk.pass(next.distance(from: desk.now))
        }
        #expect(pauses == [10, 20, 40, 80])
        #expect(desk.alarms == [.decider])
        desk.decide("b", Decision(commands: [DecidedCommand(text: "ls")]))
        #expect(desk.begun == ["ls"])
    }

    @Test func anAgentThatEndsEarlyIsStartedAgainAsOftenAsTheSettingsSay() {
        var desk = OrchestratorDesk(tasks: [PlannedTask(branch: "a")]) { $0.agentRestarts = 1 }
        desk.run("a")
        desk.facts("a") {
            $0.state = .exited; $0.exitStatus = 1
        }
        #expect(desk.state("a") == .starting)
        desk.pass(.seconds(10))
        #expect(desk.spawned == ["a", "a"])
        desk.take(.spawned(branch: "a", agent: AgentID("agent-a")))
        desk.facts("a") { $0.state = .gone }
        #expect(desk.state("a") == .failed)
        #expect(desk.machine.standings["a"]?.reason == "its session is gone")
    }

    @Test func noTaskBeginsWhileTheMachineIsFull() {
        var desk = OrchestratorDesk(tasks: []) {
            $0.minimumFreeMemory = 1000
            $0.maximumLoad = 2
        }
        desk.take(.capacity(Capacity(freeMemory: 500, load: 0)))
        desk.take(.planned(tasks: [PlannedTask(branch: "a")]))
        #expect(desk.spawned.isEmpty)
        desk.take(.capacity(Capacity(freeMemory: 5000, load: 3)))
        #expect(desk.spawned.isEmpty)
        desk.take(.capacity(Capacity(freeMemory: 5000, load: 1)))
        #expect(desk.spawned == ["a"])
    }

    @Test func noTaskBeginsWhileOtherFleetsFillTheMachine() {
        let plan = ["a", "b", "c"].map { PlannedTask(branch: $0) }
        var desk = OrchestratorDesk(tasks: []) { $0.maxAgentsPerHost = 3 }
        desk.take(.capacity(Capacity(otherAgents: 2)))
        desk.take(.planned(tasks: plan))
        #expect(desk.spawned == ["a"])
        #expect(desk.machine.shortage == .host(taken: 3, most: 3))
        #expect(desk.machine.ready == ["b", "c"])
        desk.take(.capacity(Capacity(otherAgents: 1)))
        #expect(desk.spawned == ["a", "b"])
        desk.finish("a")
        #expect(desk.spawned == ["a", "b", "c"], "a finished agent gives its place back")
    }

    @Test func branchesTakeTurns() {
        var desk = OrchestratorDesk(tasks: [PlannedTask(branch: "a"), PlannedTask(branch: "b")]) {
            $0.hasDecider = true
            $0.sessionCooldown = .zero
            $0.cooldown = .zero
            $0.maxCommandsPerCycle = 100
        }
        for branch in ["a", "b"] {
            desk.run(branch)
            desk.facts(branch) { $0.state = .waiting }
        }
        for branch in ["a", "b"] {
            desk.facts(branch) { $0.state = .idle }
            desk.decide(branch, Decision(commands: (1...3).map { DecidedCommand(text: "\(branch)\($0)") }))
        }
        for _ in 0..<4 {
            for command in desk.machine.commands.values.filter({ $0.state == .running }).sorted(by: {
                $0.number < $1.number
            }) {
                desk.pass(.seconds(1))
                desk.take(.ended(command: command.id, end: .exited(code: 0, tail: "")))
            }
        }
        #expect(desk.begun == ["a1", "b1", "a2", "b2", "a3", "b3"])
    }
}
