import Core
import TestSupport
import Testing

@testable import Store

@Suite(.timeLimit(.minutes(1)))
struct OrchestratorStoreTests {
    @Test func aTaskThatLeftTheFileGoesAndOneThatWasAddedStays() async throws {
        try await withFleet { fleet in
            try await fleet.replaceFileTasks([PlannedTask(branch: "a"), PlannedTask(branch: "b")])
            try await fleet.addTasks([PlannedTask(branch: "c", dependsOn: ["b"])], at: noon)
            try await fleet.replaceFileTasks([PlannedTask(branch: "b", title: "B")])
            let tasks = try await fleet.tasks()
            #expect(tasks.map(\.id) == ["b", "c"])
            #expect(tasks.map(\.task.title) == ["B", "c"])
            #expect(tasks.map(\.source) == [.file, .added])
            #expect(try await fleet.journal(after: 0, limit: 9).map(\.kind) == [.taskAdded])
        }
    }

    @Test func aPlanThatDoesNotFitWhatWasAddedChangesNothing() async throws {
        try await withFleet { fleet in
            try await fleet.replaceFileTasks([PlannedTask(branch: "a"), PlannedTask(branch: "c")])
            try await fleet.addTasks([PlannedTask(branch: "x", dependsOn: ["c"])], at: noon)
            await #expect(throws: TaskGraphError.unknown(branch: "c", of: "x", nearest: nil)) {
                try await fleet.replaceFileTasks([PlannedTask(branch: "renamed")])
            }
            #expect(try await fleet.tasks().map(\.id) == ["a", "c", "x"])
        }
    }

    /// Its queue and questions are still to be given up.
    @Test func aTaskThatHasBegunLeavesTheFileButNotYetTheDatabase() async throws {
        try await withFleet { fleet in
            try await fleet.replaceFileTasks([PlannedTask(branch: "a"), PlannedTask(branch: "b")])
            let changes = OrchestratorChanges(
                tasks: ["a": TaskStanding(phase: "planning", at: noon)], commands: [], nextNumber: 1)
            try await fleet.commit(OrchestrationStep(changes: changes), for: .mainCheckout, at: noon)
            let planned = try await fleet.replaceFileTasks([])
            #expect(planned.isEmpty)
            #expect(try await fleet.tasks().map(\.id) == ["a"])
        }
    }

    @Test func whatCannotBePlannedIsNotAdded() async throws {
        try await withFleet { fleet in
            try await fleet.replaceFileTasks([PlannedTask(branch: "a")])
            await #expect(throws: StoreError.taskTaken(branch: "a")) {
                try await fleet.addTasks([PlannedTask(branch: "a")], at: noon)
            }
            await #expect(throws: TaskGraphError.self) {
                try await fleet.addTasks([PlannedTask(branch: "x", dependsOn: ["y"])], at: noon)
            }
            #expect(try await fleet.tasks().map(\.id) == ["a"])
            await #expect(throws: StoreError.taskNotFound(branch: "aa", similar: ["a"])) {
                try await fleet.request(.hold, of: "aa", by: "cli", at: noon)
            }
        }
    }

    @Test func whatWasAddedIsRemovedUnlessItRunsOrOthersNeedIt() async throws {
        try await withFleet { fleet in
            try await fleet.replaceFileTasks([PlannedTask(branch: "file")])
            for (branch, after) in [("a", []), ("b", ["a"]), ("c", ["b"]), ("run", [])] {
                try await fleet.addTasks([PlannedTask(branch: branch, dependsOn: after)], at: noon)
            }
            var standing = TaskStanding(phase: "planning", at: noon)
            standing.state = .running
            let begin = OrchestrationStep(
                changes: OrchestratorChanges(tasks: ["run": standing], commands: [], nextNumber: 1))
            try await fleet.commit(begin, for: .mainCheckout, at: noon)
            for (branch, error) in [
                ("file", StoreError.taskOfFile(branch: "file")), ("run", .taskRuns(branch: "run")),
                ("d", .taskNotFound(branch: "d", similar: ["a"])),
            ] {
                await #expect(throws: error) { try await fleet.removeTasks(["c", branch], at: noon) }
            }
            await #expect(throws: StoreError.taskNeeded(branch: "b", by: ["c"])) {
                try await fleet.removeTasks(["b"], at: noon)
            }
            try await fleet.removeTasks(["a", "b", "c"], at: noon)
            try await fleet.addTasks([PlannedTask(branch: "new")], at: noon)
            #expect(try await fleet.tasks().map(\.id) == ["file", "run", "new"], "behind all others")
            // An orchestrator that decided something about it meanwhile looks again.
            try await fleet.commit(
                OrchestrationStep(
                    changes: OrchestratorChanges(tasks: ["a": nil], commands: [], nextNumber: 1)),
                for: .mainCheckout, at: noon)
            await #expect(throws: StoreError.taskNotFound(branch: "a", similar: [])) {
                let late = OrchestratorChanges(tasks: ["a": standing], commands: [], nextNumber: 1)
                try await fleet.commit(OrchestrationStep(changes: late), for: .mainCheckout, at: noon)
            }
        }
    }

    /// A new process finds tasks, queue and question as the last one left them.
    @Test func aStepIsThereForTheNextProcess() async throws {
        try await withFleet(.file) { fleet in
            try await fleet.replaceFileTasks([PlannedTask(branch: "a")])
            var settings = OrchestratorSettings()
            settings.hasDecider = true
            var machine = OrchestratorMachine(settings: settings, salt: "shop")
            let decision = Decision(commands: [
                DecidedCommand(text: "make"), DecidedCommand(text: "rm -r x", risk: .critical),
            ])
            var facts = TaskFacts()
            facts.agent = AgentID("agent-a")
            facts.state = .idle
            for event in [
                OrchestratorEvent.planned(tasks: [PlannedTask(branch: "a")]),
                .spawned(branch: "a", agent: AgentID("agent-a")), .facts(branch: "a", facts: facts),
                .prepared(branch: "a", hash: "h"), .decided(branch: "a", decision: decision),
            ] {
                _ = machine.receive(event, at: noon)
                try await fleet.commit(
                    OrchestrationStep(changes: machine.takeChanges()), for: .mainCheckout, at: noon)
            }
            let stored = try await fleet.tasks()
            #expect(stored.first?.standing == machine.standings["a"])
            let (commands, next) = try await fleet.openCommands()
            #expect(commands == machine.commands.values.sorted { $0.number < $1.number })
            #expect(commands.map(\.state) == [.running, .confirming])
            #expect(next == 3)
            let board = try await fleet.orchestratorBoard()
            #expect(board.rows.map(\.status) == ["running"])
            #expect(board.rows.first?.commands.count == 2)
        }
    }

    @Test func aPlaceInTheTapBelongsToOneTry() async throws {
        try await withFleet { fleet in
            var command = QueuedCommand(
                id: "cmd-1", number: 1, branch: "a", content: DecidedCommand(text: "x"), state: .running,
                tries: 1, createdAt: noon, dueAt: noon)
            func save() async throws {
                let changes = OrchestratorChanges(tasks: [:], commands: [command], nextNumber: 2)
                try await fleet.commit(OrchestrationStep(changes: changes), for: .mainCheckout, at: noon)
            }
            try await save()
            #expect(try await fleet.typedOffset(of: "cmd-1") == nil)
            try await fleet.noteTyped("cmd-1", at: 70)
            command.isInterrupted = true
            try await save()
            #expect(try await fleet.typedOffset(of: "cmd-1") == 70)
            command.tries = 2
            try await save()
            #expect(try await fleet.typedOffset(of: "cmd-1") == nil)
        }
    }

    @Test func aQuestionAboutACommandExpiresAndIsToldWithoutARun() async throws {
        try await withFleet { fleet in
            let question = Approval(
                id: ApprovalID("ap-1"), purpose: .command, subject: .mainCheckout,
                run: RunID("task/shop/a"), pipeline: "orchestrator", stage: "cmd-1", attempt: 1,
                question: "Run this?", createdAt: noon, expiresAt: later(60), onExpire: .rejected)
            var step = OrchestrationStep(
                changes: OrchestratorChanges(tasks: [:], commands: [], nextNumber: 1))
            step.step.approvals = [question]
            step.step.outbox = question.notices(remind: nil)
            try await fleet.commit(step, for: .mainCheckout, at: noon)
            #expect(try await fleet.pendingApprovals().map(\.id) == [question.id])
            #expect(try await fleet.expireApprovals(now: later(61)).map(\.state) == [.rejected])
            let told = try await fleet.claimOutbox(now: later(61))
            #expect(told.map(\.id.rawValue) == ["ap-1/expired"], "what was asked is taken back")
        }
    }

    @Test func theQuestionsOfARunGoWithIt() async throws {
        try await withFleet { fleet in
            try await put(fleet, runs: [run("run-1", state: .completed)], approvals: [approval("approval-1")])
            _ = try await fleet.answer(ApprovalID("approval-1"), answer(.approve))
            try await fleet.prune(retention(1_000_000), at: later(1_000_000))
            #expect(try await fleet.approval(ApprovalID("approval-1")) == nil)
        }
    }
}
