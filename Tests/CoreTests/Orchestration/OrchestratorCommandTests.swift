import Core
import Testing

@Suite struct OrchestratorCommandTests {
    @Test func whatCannotBeDeliveredIsTriedAgainWithGrowingPausesAndThenGivenUp() {
        var desk = OrchestratorDesk(tasks: [PlannedTask(branch: "a")]) {
            $0.hasDecider = true
            $0.commandTries = 3
            $0.cooldown = .zero
            $0.sessionCooldown = .zero
        }
        desk.run("a")
        desk.decide("a", Decision(commands: [DecidedCommand(text: "hello", mode: .dialogue)]))
        var waits: [Int64] = []
        for _ in 0..<3 {
            guard let id = desk.machine.standings["a"]?.queue.first else { break }
            desk.take(.ended(command: id, end: .notDelivered(reason: "busy")))
            guard let due = desk.machine.commands[id]?.dueAt, desk.machine.commands[id]?.state == .queued
            else {
                break
            }
            waits.append(due.milliseconds - desk.now.milliseconds)
            desk.pass(.milliseconds(waits.last ?? 0))
        }
        #expect(waits == [10_000, 20_000])
        #expect(desk.begun.count == 3)
        #expect(desk.dropped == [.dead])
        desk.take(.requested(branch: "a", request: .retry))
        #expect(desk.begun.count == 4, "a person may have it tried once more")
        // A pane may remember what a former try typed, so no try has the name of another.
        #expect(desk.machine.commands["cmd-t-1"]?.tries == 4)
        for _ in 0..<3 {
            desk.take(.ended(command: "cmd-t-1", end: .notDelivered(reason: "busy")))
            desk.pass(.seconds(20))
        }
        #expect(desk.begun.count == 6 && desk.dropped == [.dead, .dead], "in a whole round")
    }

    /// Whoever reads of the end may do so much later.
    @Test func aShellCommandTookAsLongAsItsShellSays() throws {
        for (said, seconds) in [(Int64(1500), 1.5), (.max, 9), (-1, 9)] {
            var desk = OrchestratorDesk(tasks: [PlannedTask(branch: "a")]) { $0.hasDecider = true }
            desk.run("a")
            desk.decide("a", Decision(commands: [DecidedCommand(text: "make", mode: .shell)]))
            let later = desk.now.advanced(by: .seconds(9))
            let end = CommandEnd.exited(code: 0, tail: "", milliseconds: said)
            _ = desk.machine.receive(.ended(command: "cmd-t-1", end: end), at: later)
            let command = try #require(desk.machine.takeChanges().commands.first)
            #expect(command.endedAt == command.startedAt?.advanced(by: .seconds(seconds)), "\(said)")
        }
    }

    @Test func oneCommandIsQueuedOnceAndOldOnesExpire() {
        var desk = OrchestratorDesk(tasks: [PlannedTask(branch: "a")]) {
            $0.hasDecider = true
            $0.commandExpiry = .seconds(100)
        }
        desk.run("a")
        desk.facts("a") { $0.state = .waiting }
        desk.facts("a") { $0.state = .idle }
        desk.decide("a", Decision(commands: [DecidedCommand(text: "x"), DecidedCommand(text: "x")]))
        #expect(desk.machine.standings["a"]?.queue.count == 1)
        desk.take(.ended(command: "cmd-t-1", end: .delivered(receipt: "accepted")))
        desk.pass(.seconds(121))
        desk.take(.prepared(branch: "a", hash: "new"))
        desk.facts("a") { $0.state = .waiting }
        desk.take(.decided(branch: "a", decision: Decision(commands: [DecidedCommand(text: "y")])))
        desk.pass(.seconds(101))
        #expect(desk.dropped == [.expired])
        #expect(desk.begun == ["x"])
    }

    @Test func aCommandThatNobodyWantsIsDroppedAloneAndItsQuestionWithIt() {
        var desk = OrchestratorDesk(tasks: [PlannedTask(branch: "a")]) {
            $0.hasDecider = true
            $0.sessionCooldown = .zero
        }
        desk.run("a")
        desk.decide(
            "a",
            Decision(commands: [
                DecidedCommand(text: "rm -r x", risk: .high), DecidedCommand(text: "ls"),
                DecidedCommand(text: "pwd"),
            ]))
        desk.take(.cancelled(command: "cmd-t-2", by: "ada"))
        #expect(desk.machine.standings["a"]?.queue == ["cmd-t-1", "cmd-t-3"])
        desk.take(.cancelled(command: "cmd-t-1", by: "ada"))
        #expect(desk.count { $0 == .withdraw(approval: ApprovalID("ap-t-1")) } == 1)
        #expect(desk.dropped == [.cancelled, .cancelled])
        #expect(desk.begun == ["pwd"])
    }

    @Test func aRunningCommandThatNobodyWantsIsInterruptedAndIsNoFailure() {
        var desk = OrchestratorDesk(tasks: [PlannedTask(branch: "a")]) { $0.hasDecider = true }
        desk.run("a")
        desk.decide("a", Decision(commands: [DecidedCommand(text: "sleep 999", mode: .shell)]))
        desk.take(.cancelled(command: "cmd-t-1", by: "ada"))
        #expect(desk.count { $0 == .interrupt(command: "cmd-t-1") } == 1)
        desk.take(.ended(command: "cmd-t-1", end: .exited(code: 130, tail: "^C")))
        #expect(desk.machine.standings["a"]?.queue.isEmpty == true)
        #expect(desk.machine.standings["a"]?.failureStreak == 0)
        desk.take(.cancelled(command: "cmd-t-1", by: "ada"))
        #expect(desk.machine.standings["a"]?.unwanted == nil, "what has ended cannot be cancelled")
    }

    @Test func aShellCommandIsInterruptedForItsTimeAndGivenUpWhenThatDoesNotHelp() {
        var desk = OrchestratorDesk(tasks: [PlannedTask(branch: "a")]) { $0.hasDecider = true }
        desk.run("a")
        desk.decide("a", Decision(commands: [DecidedCommand(text: "sleep 999", mode: .shell)]))
        desk.pass(.seconds(45))
        #expect(desk.count { $0 == .interrupt(command: "cmd-t-1") } == 1)
        desk.pass(.seconds(15))
        #expect(desk.machine.standings["a"]?.queue.isEmpty == true)
        #expect(desk.machine.standings["a"]?.failureStreak == 1)
    }

    @Test func theCommandThatReportsTheEndOfItsTaskComesToItsOwn() {
        var desk = OrchestratorDesk(tasks: [PlannedTask(branch: "a")]) { $0.hasDecider = true }
        desk.run("a")
        desk.decide("a", Decision(commands: [DecidedCommand(text: "report"), DecidedCommand(text: "more")]))
        desk.take(.phase(branch: "a", phase: "done", source: .agent))
        #expect(desk.state("a") == .done && desk.dropped == [.cancelled])
        #expect(desk.machine.commands.values.map(\.content.text) == ["report"])
        let again = OrchestratorMachine(
            settings: desk.machine.settings, salt: "t", standings: desk.machine.standings,
            commands: Array(desk.machine.commands.values), nextNumber: desk.machine.nextNumber)
        desk.machine = again
        desk.take(.planned(tasks: [PlannedTask(branch: "a")]))
        #expect(desk.begun == ["report", "report"], "another process waits for it too")
        for id in desk.machine.commands.keys {
            desk.take(.ended(command: id, end: .exited(code: 0, tail: "")))
        }
        #expect(desk.machine.commands.isEmpty && desk.dropped == [.cancelled])
    }
}
