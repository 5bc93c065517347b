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

struct RemoveTests {
    @Test func nothingOfARemovedAgentRemains() async throws {
        try await withFleet { fleet in
            let before = try await fleet.trace()
            // The program leaves a child in a session of its own, as agents' helpers do.
            let agent = try await fleet.spawn(
                "feature/x", startup: "setsid --fork sleep 987; echo started; exec cat"
            ).agent
            let tap = try #require(agent.tap)
            #expect(try await eventually { tap.text?.contains("started") ?? false })
            let carriers = {
                ProcessTable().processes.keys.filter {
                    ProcessTable.carries("TMUX_AGENT_ID", agent.id.rawValue, pid: $0)
                }
            }
            #expect(carriers().count == 2)
            let result = try await fleet.remove("feature/x", force: true)
            #expect(result.deletedBranch)
            #expect(result.endedProcesses == 2)
            #expect(result.log == tap)
            #expect(carriers().isEmpty)
            #expect(try await fleet.trace() == before)
            await #expect(throws: StoreError.self) { try await fleet.remove("feature/x") }
        }
    }

    @Test func workIsNotRemovedWithoutForceAndKeptWithIt() async throws {
        try await withFleet { fleet in
            let agent = try await fleet.spawn("a").agent
            try await fleet.git.shell(
                "cd .tmuxagent/worktrees/a; echo more >>README; git commit -qam 'More'; echo new >new; echo x >>src/a.txt"
            )
            let refusal = try await fleet.run("rm", "a")
            #expect(refusal.exitCode == 1)
            for words in [
                "1 uncommitted: src/a.txt", "1 untracked: new", "1 commit neither merged nor pushed", "More",
            ] {
                #expect(refusal.errorText.contains(words), "\(refusal.errorText)")
            }
            #expect(try await fleet.server.pane(of: agent.id)?.isDead == false)
            let result = try await fleet.remove("a", force: true)
            let rescue = try #require(result.rescues.first)
            #expect(result.rescues.count == 1)
            #expect(try await fleet.git.git("show", "\(rescue.reference):new") == "new")
            #expect(try await fleet.git.git("log", "-1", "--format=%s", "\(rescue.reference)^") == "More")
            #expect(!Files.exists(agent.place.worktree))
        }
    }

    @Test func aBranchThatIsNotTheFoldersIsKeptToo() async throws {
        try await withFleet { fleet in
            try await fleet.spawn("a")
            try await fleet.git.shell(
                """
                cd .tmuxagent/worktrees/a; echo more >>README; git commit -qam 'On a'
                git switch -q --detach HEAD~1; echo other >>README
                """)
            let result = try await fleet.remove("a", force: true)
            #expect(result.rescues.count == 2)
            let subjects = try await result.rescues.asyncMap {
                try await fleet.git.git("log", "--format=%s", "--max-count=1", $0.reference)
            }
            #expect(subjects.last == "On a")
        }
    }

    @Test func aBranchThatWasThereBeforeStays() async throws {
        try await withFleet { fleet in
            try await fleet.git.git("branch", "mine")
            try await fleet.spawn("mine")
            #expect(try await !fleet.remove("mine", force: true).deletedBranch)
            #expect(try await fleet.git.git("branch", "--list", "mine") == "  mine")
        }
    }

    @Test(arguments: ["folder", "folder and branch", "folder and entry", "server"])
    func whatIsGoneAlreadyDoesNotStopTheRest(_ gone: String) async throws {
        try await withFleet { fleet in
            let before = try await fleet.trace()
            let agent = try await fleet.spawn("a").agent
            try await fleet.tmux.tmux("kill-server")
            if gone != "server" { removeTree(agent.place.worktree) }
            if gone == "folder and branch" { try await fleet.git.git("update-ref", "-d", "refs/heads/a") }
            if gone == "folder and entry" { try await fleet.git.git("worktree", "prune") }
            let result = try await fleet.remove("a")
            #expect(result.deletedBranch == (gone != "folder and branch"))
            #expect(try await fleet.trace() == before)
        }
    }

    @Test func commitsOfABranchWithoutAFolderAreNotLost() async throws {
        try await withFleet { fleet in
            let agent = try await fleet.spawn("a").agent
            try await fleet.git.shell("cd .tmuxagent/worktrees/a; echo more >>README; git commit -qam 'More'")
            try await fleet.tmux.tmux("kill-server")
            removeTree(agent.place.worktree)
            await #expect(throws: FleetError.self) { try await fleet.remove("a") }
            let result = try await fleet.remove("a", force: true)
            let rescue = try #require(result.rescues.first)
            #expect(try await fleet.git.git("log", "-1", "--format=%s", rescue.reference) == "More")
        }
    }

    @Test func severalAreRemovedAndEachFailureIsSaid() async throws {
        try await withFleet { fleet in
            for branch in ["a", "b", "c"] { try await fleet.spawn(branch) }
            try Files.write("new", to: fleet.worktrees.appending("b").appending("new"))
            // Quiet programs are idle three seconds after their last byte.
            let result = try await fleet.run("rm", "a", "b", "nobody", "c")
            #expect(result.exitCode == 1)
            #expect(result.errorText.contains("Removing 'b' would lose work"))
            #expect(result.errorText.contains("nobody"))
            #expect(try await fleet.context().store.agents().map(\.place.branch) == ["b"])
        }
    }

    @Test func aRemovalThatWasKilledIsFinished() async throws {
        try await withFleet { fleet in
            let before = try await fleet.trace()
            for moment in ["before the folder", "after the rename", "after the folder", "after the entry"] {
                let agent = try await fleet.spawn("a").agent
                let context = try await fleet.context()
                try await context.store.setPhase(.removing, of: agent.id, spawner: nil)
                if moment != "before the folder" {
                    try await fleet.tmux.tmux("kill-session", "-t", "=agent-a")
                    let away = try await context.repository.renameAway(agent.place.worktree)
                    if moment != "after the rename" { try await context.repository.deleteTree(away) }
                    if moment == "after the entry" { try await fleet.git.git("worktree", "prune") }
                }
                let report = try await fleet.doctor()
                #expect(report.remaining.map(\.kind) == [.killedRemoval], "\(moment)")
                if moment == "after the folder" {
                    let again = try await fleet.spawn("a")
                    #expect(again.outcome == .started, "\(moment)")
                    _ = try await fleet.remove("a", force: true)
                } else if moment == "after the rename" {
                    _ = try await fleet.remove("a")
                } else {
                    let fixed = try await fleet.doctor(fixing: true)
                    #expect(
                        fixed.isWell,
                        "\(moment): \(fixed.remaining.map(\.problem)) \(fixed.failed.map(\.reason))")
                }
                #expect(try await fleet.trace() == before, "\(moment)")
            }
        }
    }

    @Test func logsAreDeletedAfterAWeek() async throws {
        try await withFleet { fleet in
            let agent = try await fleet.spawn("a", startup: "echo hello; exec cat").agent
            let tap = try #require(agent.tap)
            #expect(try await eventually { Files.exists(tap) })
            _ = try await fleet.remove("a", force: true)
            #expect(try await fleet.doctor().isWell)
            fleet.advance(by: .seconds(8 * 86_400))
            #expect(try await fleet.doctor().remaining.map(\.kind) == [.expiredLog])
            #expect(try await fleet.doctor(fixing: true).isWell)
            #expect(Files.names(in: tap.removingLastComponent()) == [])
        }
    }
}

extension Array {
    func asyncMap<Value>(_ body: (Element) async throws -> Value) async rethrows -> [Value] {
        var values: [Value] = []
        for element in self { values.append(try await body(element)) }
        return values
    }
}
