import Core
import Testing

/// Plans that change, and tasks that are given up, while something runs.
@Suite struct OrchestratorPlanEditTests {
    private func makeDesk(_ tasks: [PlannedTask]) -> OrchestratorDesk {
        OrchestratorDesk(tasks: tasks) {
            $0.hasDecider = true
            $0.cooldown = .zero
            $0.sessionCooldown = .zero
            $0.maxCommandsPerCycle = 9
        }
    }

    @Test func aTaskThatLeavesThePlanIsAnotherOneWhenItComesBack() throws {
        let (a, b) = (PlannedTask(branch: "a"), PlannedTask(branch: "b"))
        var desk = makeDesk([a, b])
        desk.finish("a")
        desk.run("b")
        desk.decide(
            "b", Decision(commands: [DecidedCommand(text: "rm x", risk: .high), DecidedCommand(text: "ls")]))
        let approval = try #require(desk.machine.commands["cmd-t-1"]?.approval)
        desk.take(.planned(tasks: []))
        #expect(desk.machine.standings.isEmpty && desk.machine.active.isEmpty)
        #expect(desk.count { $0 == .withdraw(approval: approval) } == 1)
        #expect(desk.machine.commands.isEmpty, "its queue is dropped")
        desk.take(.planned(tasks: [a, b]))
        #expect(desk.state("a") == .starting && desk.state("b") == .starting)
        #expect(desk.spawned == ["a", "b", "a", "b"], "nothing of the former life is in the way")
    }

    /// As when a process was killed after the file was read and before the task was given up.
    @Test func theQueueOfATaskThatNobodyKnowsAnyMoreIsDropped() {
        let question = QueuedCommand(
            id: "cmd-t-1", number: 1, branch: "gone", content: DecidedCommand(text: "rm"), state: .confirming,
            approval: ApprovalID("ap-t-1"), createdAt: Timestamp(milliseconds: 0),
            dueAt: Timestamp(milliseconds: 0))
        var machine = OrchestratorMachine(
            settings: OrchestratorSettings(), salt: "t", commands: [question], nextNumber: 2)
        let effects = machine.receive(
            .planned(tasks: [PlannedTask(branch: "gone")]), at: Timestamp(milliseconds: 1000))
        #expect(effects.contains(.withdraw(approval: ApprovalID("ap-t-1"))))
        #expect(machine.takeChanges().commands.map(\.state) == [.cancelled])
        #expect(machine.standings["gone"]?.state == .starting)
    }

    @Test func aSessionIsFreeAgainWhenTheCommandOfACancelledTaskEnds() {
        var desk = makeDesk([PlannedTask(branch: "a"), PlannedTask(branch: "b")])
        desk.run("a")
        desk.run("b")
        desk.decide("a", Decision(commands: [DecidedCommand(text: "sleep 20", session: "b", mode: .shell)]))
        desk.decide("b", Decision(commands: [DecidedCommand(text: "ls")]))
        #expect(desk.begun == ["sleep 20"], "one command at a time in b's session")
        desk.take(.requested(branch: "a", request: .cancel))
        desk.take(.requested(branch: "a", request: .retry))
        desk.run("a")
        #expect(desk.machine.commands["cmd-t-1"]?.state == .running, "it still runs in the pane")
        #expect(desk.begun == ["sleep 20"])
        desk.take(.ended(command: "cmd-t-1", end: .exited(code: 130, tail: "")))
        #expect(desk.begun == ["sleep 20", "ls"])
        #expect(desk.machine.standings["a"]?.failureStreak == 0, "the former life counts no more")
    }

    @Test func whatOutlastsItsTaskIsInterruptedAndGivenUpForItsTime() {
        var desk = makeDesk([PlannedTask(branch: "a")])
        desk.run("a")
        desk.decide("a", Decision(commands: [DecidedCommand(text: "sleep 999", mode: .shell)]))
        desk.take(.requested(branch: "a", request: .cancel))
        desk.pass(.seconds(45))
        #expect(desk.count { $0 == .interrupt(command: "cmd-t-1") } == 1)
        desk.take(.requested(branch: "a", request: .retry))
        desk.run("a")
        desk.decide("a", Decision(commands: [DecidedCommand(text: "ls")]), hash: "again")
        #expect(desk.begun == ["sleep 999"])
        desk.pass(.seconds(15))
        #expect(desk.begun == ["sleep 999", "ls"])
    }

    /// Whoever goes on in its place types nothing beside it either.
    @Test func aRunningCommandHoldsItsSessionAcrossARestart() {
        var desk = makeDesk([PlannedTask(branch: "a"), PlannedTask(branch: "b")])
        desk.run("a")
        desk.run("b")
        desk.decide("a", Decision(commands: [DecidedCommand(text: "sleep 20", session: "b", mode: .shell)]))
        desk.decide("b", Decision(commands: [DecidedCommand(text: "ls")]))
        desk.machine = OrchestratorMachine(
            settings: desk.machine.settings, salt: "t", standings: desk.machine.standings,
            commands: Array(desk.machine.commands.values), nextNumber: desk.machine.nextNumber)
        desk.take(.planned(tasks: [PlannedTask(branch: "a"), PlannedTask(branch: "b")]))
        #expect(desk.begun == ["sleep 20", "sleep 20"], "it is waited for again")
        desk.take(.ended(command: "cmd-t-1", end: .exited(code: 0, tail: "")))
        #expect(desk.begun == ["sleep 20", "sleep 20", "ls"])
    }

    @Test func timeBehindAQuestionIsNoTimeInTheQueue() throws {
        var desk = OrchestratorDesk(tasks: [PlannedTask(branch: "a")]) {
            $0.hasDecider = true
            $0.commandExpiry = .seconds(60)
            $0.sessionCooldown = .zero
        }
        desk.run("a")
        desk.decide(
            "a", Decision(commands: [DecidedCommand(text: "rm x", risk: .high), DecidedCommand(text: "ls")]))
        desk.pass(.seconds(3000))
        desk.take(.answered(approval: ApprovalID("ap-t-1"), approved: true, by: "ada"))
        #expect(desk.begun == ["rm x"])
        desk.take(.ended(command: "cmd-t-1", end: .exited(code: 0, tail: "")))
        #expect(desk.begun == ["rm x", "ls"] && desk.dropped.isEmpty)
    }

    @Test func stagesOfOneNameInTwoPipelinesAllCount() {
        var desk = OrchestratorDesk(tasks: [
            PlannedTask(branch: "named", stages: ["test"]),
            PlannedTask(branch: "one", stages: ["checks/test"]),
        ])
        for branch in ["named", "one"] {
            desk.run(branch)
            desk.take(.phase(branch: branch, phase: "done", source: .agent))
            desk.facts(branch) { $0.stages = ["checks/test": .completed, "nightly/test": .failed] }
        }
        #expect(desk.state("named") == .running && desk.state("one") == .done)
        #expect(desk.machine.standings["named"]?.reason == "waits for stage nightly/test, which is FAILED")
        desk.facts("named") { $0.stages = ["checks/test": .completed, "nightly/test": .completed] }
        #expect(desk.state("named") == .done && desk.machine.standings["named"]?.reason == nil)
    }

    @Test func aTaskWhoseAgentReportsBeforeItsSpawnIsKnownIsDoneWithTheNextFacts() {
        var desk = OrchestratorDesk(tasks: [PlannedTask(branch: "a")])
        desk.take(.phase(branch: "a", phase: "done", source: .agent))
        desk.take(.spawned(branch: "a", agent: AgentID("agent-a")))
        #expect(desk.state("a") == .running && desk.machine.awaitsFacts("a"))
        desk.facts("a") { $0.hasOpenRun = true }
        #expect(desk.state("a") == .running, "its pipelines are waited for")
        desk.facts("a") { $0.hasOpenRun = false }
        #expect(desk.state("a") == .done)
    }

    @Test func triesOfASpawnUseUpNoRestart() {
        var desk = OrchestratorDesk(tasks: [PlannedTask(branch: "a")]) { $0.agentRestarts = 1 }
        for _ in 0..<2 {
            desk.take(.notSpawned(branch: "a", reason: "no room", again: true))
            desk.pass(.seconds(60))
        }
        desk.run("a")
        desk.facts("a") { $0.state = .gone }
        #expect(desk.state("a") == .starting)
        desk.pass(.seconds(60))
        desk.run("a")
        desk.facts("a") { $0.state = .gone }
        #expect(desk.state("a") == .failed)
    }

    /// A record that goes on in a new file is followed without beginning anything again.
    @Test func aMachineInTheMiddleOfARecordDecidesAsTheOneThatWroteIt() {
        let tasks = [PlannedTask(branch: "a"), PlannedTask(branch: "b")]
        var desk = makeDesk(tasks)
        desk.run("a")
        desk.take(.prepared(branch: "a", hash: "h"))
        var other = OrchestratorMachine(
            settings: desk.machine.settings, salt: "t", standings: desk.machine.standings,
            commands: Array(desk.machine.commands.values), nextNumber: desk.machine.nextNumber)
        other.goOn(with: tasks, nil)
        let events: [OrchestratorEvent] = [
            .decided(branch: "a", decision: Decision(commands: [DecidedCommand(text: "ls")])),
            .spawned(branch: "b", agent: AgentID("agent-b")),
        ]
        for event in events {
            let effects = desk.machine.receive(event, at: desk.now)
            let others = other.receive(event, at: desk.now)
            #expect(!effects.isEmpty && others == effects)
        }
    }
}
