import Core
import Fleet
import GitKit
import Glibc
import ProcessKit
import Store
import SystemPackage
import TestSupport
import Testing
import TmuxKit

/// A spawn that is killed leaves nothing that the next `spawn` or `doctor --fix` does not finish or clean.
struct KillTests {
    /// Starts `tmux-agent spawn a`, ends it with KILL as soon as the shell words in `when` return, and does `then`.
    private func killSpawn(
        _ fleet: FleetFixture, when: String, then: String = "true", _ more: [String] = []
    ) async throws {
        let arguments = (["spawn", "a"] + more).map(Command.quoted).joined(separator: " ")
        try await fleet.git.shell(
            """
            set +e
            \(Command.quoted(FleetFixture.program.string)) \(arguments) >/dev/null 2>&1 &
            pid=$!
            \(when)
            kill -9 $pid 2>/dev/null
            wait $pid 2>/dev/null
            \(then)
            """, adding: fleet.environment)
    }

    private func expectSpawnFinishes(_ fleet: FleetFixture, _ what: String) async throws {
        let result = try await fleet.run("spawn", "a", "--yes")
        #expect(result.isSuccess, "\(what): \(result.errorText)")
        #expect(try await fleet.server.panes().count { $0.agent != nil && !$0.isDead } == 1, "\(what)")
        #expect(fleet.worktrees.pushing("a/src/a.txt").text == "a\n", "\(what)")
        #expect(
            try await fleet.git.git("status", "--porcelain", in: fleet.worktrees.appending("a")) == "",
            "\(what)")
        var report = try await fleet.doctor()
        // Git's own process may outlive its maker for a moment.
        _ = try await eventually {
            if !report.isWell { report = try await fleet.doctor() }
            return report.isWell
        }
        let remaining = report.remaining.map(\.problem)
        #expect(remaining == [], "\(what)")
    }

    /// Taken back without a trace, or finished: an agent that lives.
    private func expectDoctorCleans(_ fleet: FleetFixture, _ before: String, _ what: String) async throws {
        var report = try await fleet.doctor(fixing: true)
        // Git's own process may outlive its maker for a moment.
        _ = try await eventually {
            if !report.isWell { report = try await fleet.doctor(fixing: true) }
            return report.isWell
        }
        #expect(report.isWell, "\(what): \(report.remaining.map(\.problem)) \(report.failed.map(\.reason))")
        if try await fleet.context().store.agents().isEmpty {
            let after = try await fleet.trace()
            #expect(after.difference(from: before) == [], "\(what)")
        } else {
            #expect(try await fleet.server.panes().count { $0.agent != nil && !$0.isDead } == 1, "\(what)")
        }
    }

    @Test func fortyKillsAtAnyMoment() async throws {
        try await withFleet { fleet in
            let before = try await fleet.trace()
            var whole = Duration.zero
            var phases: Set<String> = []
            var round = 0
            // On a machine whose speed changes all kills may meet the same phases: then they go on.
            while round < 40 || phases.count < 3 && round < 200 {
                if round.isMultiple(of: 20) { whole = try await timeOfSpawn(fleet) }
                // The kills are spread over the time that a whole spawn takes here and now.
                let delay = Double(whole.inMilliseconds) / 1000 * Double(round % 40) / 36
                try await killSpawn(fleet, when: "sleep \(delay)")
                let phase = try await fleet.context().store.agents().first?.spawn.phase.rawValue ?? "none"
                phases.insert(phase)
                if round.isMultiple(of: 2) {
                    try await expectSpawnFinishes(fleet, "after \(delay) s in \(phase)")
                } else {
                    try await expectDoctorCleans(fleet, before, "after \(delay) s in \(phase)")
                }
                if try await !fleet.context().store.agents().isEmpty {
                    _ = try await fleet.remove("a", force: true)
                }
                #expect(try await fleet.trace() == before, "after \(delay) s in \(phase)")
                round += 1
            }
            #expect(phases.count >= 3, "the kills met \(phases)")
        }
    }

    private func timeOfSpawn(_ fleet: FleetFixture) async throws -> Duration {
        let time = try await ContinuousClock().measure { _ = try await fleet.run("spawn", "a") }
        _ = try await fleet.remove("a", force: true)
        return time
    }

    enum Moment: String, CaseIterable {
        case checkout, hook, setup, readiness
    }

    @Test(arguments: Moment.allCases, [true, false])
    func aKillInsideAStep(_ moment: Moment, spawnsAgain: Bool) async throws {
        let setup =
            moment == .setup
            ? "[worktree]\nsetup = [\"touch $HOME/reached; exec sleep $SECONDS_TO_SLEEP\"]\n" : ""
        // Rules for a program that never shows them keep `spawn` waiting until it is killed.
        let agent = moment == .readiness ? "kind = \"claude\"" : "kind = \"shell\""
        try await withFleet(settings: "[agent]\ncommand = \"cat\"\n\(agent)\n\(setup)") { fleet in
            let pause = spawnsAgain ? "985" : "984"
            let reached = fleet.home.appending("reached")
            // Git's own processes outlive the command that is killed; they go on behind it.
            let hold = fleet.home.appending("hold")
            try Files.write("", to: hold)
            let slow = "touch \(reached); while test -e \(hold); do sleep 0.05; done"
            switch moment {
            case .checkout:
                try await fleet.git.shell(
                    """
                    echo 'src/b.txt filter=slow' >.git/info/attributes
                    git config filter.slow.smudge '\(slow); cat'
                    """)
            case .hook:
                try Files.write(
                    "#!/bin/sh\n\(slow)\n", to: fleet.root.pushing(".git/hooks/post-checkout"),
                    mode: .init(rawValue: 0o755))
            case .setup, .readiness: break
            }
            let before = try await fleet.trace()
            var arguments = moment == .setup ? ["--yes"] : []
            var when = "while ! test -e \(reached); do sleep 0.01; done"
            if moment == .readiness {
                arguments += ["--task", "hello"]
                when =
                    "while ! tmux -S \(fleet.tmux.socket) has-session -t =agent-a 2>/dev/null; do sleep 0.01; done; sleep 0.1"
            }
            let sleep = moment == .setup ? ["SECONDS_TO_SLEEP": pause] : [:]
            let fixture = fleet.adding(sleep)
            try await killSpawn(fixture, when: when, then: "rm \(hold)", arguments)
            let phase = try await fleet.context().store.agents().first?.spawn.phase
            let expected: [Moment: SpawnProgress.Phase] = [
                .checkout: .branch, .hook: .branch, .setup: .setup, .readiness: .briefing,
            ]
            // The session is there a moment before its row says so.
            #expect(phase == expected[moment] || (moment == .readiness && phase == .session))
            if moment == .readiness {
                // What is delivered depends on the program; that nothing is made twice does not.
                #expect(try await fleet.server.panes().count == 1)
                #expect(try await fleet.doctor().remaining.map(\.kind) == [.killedSpawn])
            } else if spawnsAgain {
                try await expectSpawnFinishes(fleet.adding(["SECONDS_TO_SLEEP": "0"]), moment.rawValue)
            } else {
                try await expectDoctorCleans(fleet, before, moment.rawValue)
                #expect(try await fleet.context().store.agents().isEmpty)
            }
            // The killed command's own children ended with it.
            if moment == .setup {
                #expect(
                    !ProcessTable().processes.keys.contains {
                        ProcessTable.commandLine(of: $0) == ["sleep", pause]
                    })
            }
        }
    }

    /// Git's own process outlives the spawn that is killed; the next spawn waits for it, and is ended, too.
    @Test(arguments: [true, false])
    func aSpawnThatWaitsForAKilledOnesProcessLeavesItsRecord(isRemoved: Bool) async throws {
        try await withFleet { fleet in
            let (reached, hold) = (fleet.home.appending("reached"), fleet.home.appending("hold"))
            try Files.write("", to: hold)
            try await fleet.git.shell(
                """
                echo 'src/b.txt filter=slow' >.git/info/attributes
                git config filter.slow.smudge 'touch \(reached); while test -e \(hold); do sleep 0.05; done; cat'
                """)
            let before = try await fleet.trace()
            try await killSpawn(fleet, when: "while ! test -e \(reached); do sleep 0.01; done")
            let context = try await fleet.context()
            let killed = try await context.store.agents()
            #expect(killed.map(\.spawn.phase) == [.branch])
            let (steps, continuation) = AsyncStream.makeStream(of: SpawnStep.self)
            let waiting = Task {
                defer { continuation.finish() }
                return try await Spawner(context: context) { continuation.yield($0) }
                    .spawn(SpawnRequest(branch: "a", startup: "cat"))
            }
            var waits = false
            for await step in steps {
                guard case .waitingForProcess = step else { continue }
                waits = true
                break
            }
            #expect(waits)
            waiting.cancel()
            await #expect(throws: (any Error).self) { try await waiting.value }
            #expect(try await context.store.agents() == killed)
            if isRemoved {
                // Git is ended, too: files that it did not come to write are nobody's lost work.
                let isGone = try await eventually(within: .seconds(20)) {
                    do {
                        _ = try await fleet.remove("a")
                        return true
                    } catch FleetError.leftoverBusy(_, let pid) {
                        _ = endProcess(pid)
                        return false
                    }
                }
                #expect(isGone)
                #expect(try await fleet.trace() == before)
            } else {
                unlink(hold.string)
                try await expectDoctorCleans(fleet, before, "after two spawns")
            }
            #expect(try await context.store.agents().isEmpty)
        }
    }

    @Test(arguments: [true, false])
    func aBriefingThatWasNotDeliveredIsDeliveredOnce(isWatched: Bool) async throws {
        try await withFleet { fleet in
            // `spawn` waits for the prompt.
            let (hold, program) = (fleet.home.appending("hold"), fleet.home.appending("agent.sh"))
            try Files.write("", to: hold)
            let script = """
                while test -e \(hold); do sleep 0.05; done
                printf '> '
                while read -r line; do printf 'got %s\\n> ' "$line"; done
                """
            try Files.write(script, to: program)
            try fleet.settings("[agent]\ncommand = \"sh \(program)\"\nkind = \"aider\"\n")
            if isWatched { #expect(try await fleet.run("up").isSuccess) }
            let tmuxAgent = Command.quoted(FleetFixture.program.string)
            let when = "until \(tmuxAgent) sessions --json | grep -q '\"pane\": \"%'; do sleep 0.01; done"
            try await killSpawn(fleet, when: when, ["--task", "hello-agent"])
            // What is to be started next does not matter for a program that runs.
            try fleet.settings("[agent]\ncommand = \"no-such-program\"\n")
            let store = try await fleet.context().store
            let agent = try #require(try await store.agents().first)
            #expect(agent.spawn.phase == .briefing)
            let shown = try await fleet.run("sessions")
            #expect(shown.text.contains("briefing owed"), "\(shown.text)")
            unlink(hold.string)
            if isWatched {
                #expect(
                    try await eventually(within: .seconds(20)) {
                        try await store.agent(agent.id)?.spawn.phase == .ready
                    })
            } else {
                let report = try await fleet.doctor(fixing: true)
                #expect(report.isWell, "\(report.remaining.map(\.problem)) \(report.failed.map(\.reason))")
            }
            let tap = try #require(agent.tap)
            let isTold = try await eventually(within: .seconds(20)) {
                tap.text?.contains("got hello-agent\r\n") ?? false
            }
            #expect(isTold)
            _ = try await fleet.doctor(fixing: true)
            #expect(tap.text?.components(of: "got hello-agent") == 1)
            if isWatched { #expect(try await fleet.run("down").isSuccess) }
        }
    }
}

extension String {
    /// The lines that only one of both has.
    func difference(from other: String) -> [String] {
        let (own, others) = (split(separator: "\n"), other.split(separator: "\n"))
        return
            (own.filter { !others.contains($0) }.map { "+ \($0)" }
            + others.filter { !own.contains($0) }.map { "- \($0)" })
    }

    /// How often `word` is in it.
    func components(of word: String) -> Int { ranges(of: word).count }
}
