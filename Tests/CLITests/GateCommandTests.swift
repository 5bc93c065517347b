import Core
import Glibc
import ProcessKit
import SystemPackage
import TestSupport
import Testing

/// Gates, with real pushes through real hooks to a bare repository on the disk.
@Suite(.timeLimit(.minutes(3)))
struct GateCommandTests {
    private static let policy = """
        pipelines:
          - name: checks
            match: { branch: "feature/*" }
            starts_on: { git_hook: post-commit }
            when_busy: restart
            stages:
              - { name: lint, actions_on_start: [ { shell: "echo out > lint.report; test ! -e bad" } ] }
              - name: review
                success_when: { marker: { type: STATUS, stage: review, ok: true } }
        gates:
          - { hook: pre-push, branch: "feature/*", require: [lint, review] }

        """

    /// A fleet with hooks, a daemon, an agent on `feature/x` and the remote `origin`.
    private func withGates(
        policy: String = Self.policy, _ body: (FleetFixture, FilePath) async throws -> Void
    ) async throws {
        try await withFleetFixture(policy: policy) { fleet in
            let made = try await fleet.shell(
                "git init --quiet --bare ../remote.git && git remote add origin \"$PWD/../remote.git\" && git push --quiet origin main"
            )
            #expect(made.status == 0, "\(made)")
            try await fleet.succeed("hooks", "install")
            try await fleet.succeed("up")
            try await fleet.succeed("spawn", "feature/x")
            try await body(fleet, fleet.root.appending(".tmuxagent/worktrees").appending("feature-x"))
        }
    }

    /// Waits until the gate of `feature/x` at its tip says this of a stage; the daemon decides in its own time.
    private func expect(
        _ stage: String, is state: String, _ why: String? = nil, _ fleet: FleetFixture,
        sourceLocation: SourceLocation = #_sourceLocation
    ) async throws {
        var last: JSONValue?
        let holds = try await eventually(within: .seconds(30)) {
            let gates = try await fleet.run("gates", "feature/x", "--json").json
            last = gates["gates"]?.array?.first?["stages"]?.array?.first { $0["stage"]?.string == stage }
            return last?["state"]?.string == state
                && (why.map { last?["why"]?.string?.contains($0) ?? false } ?? true)
        }
        #expect(holds, "\(last?.prettyPrinted() ?? "no gate")", sourceLocation: sourceLocation)
    }

    private func commit(_ fleet: FleetFixture, _ script: String, in worktree: FilePath) async throws {
        let outcome = try await fleet.shell(
            "set -e; \(script); git commit --quiet --allow-empty -m Change", in: worktree)
        #expect(outcome.status == 0, "\(outcome)")
    }

    private func remoteTip(_ fleet: FleetFixture, _ branch: String) async throws -> String {
        try await fleet.shell("git --git-dir=../remote.git rev-parse --quiet --verify \(branch)").stdout
            .trimmingSuffixNewline
    }

    @Test func aPushWaitsForItsStagesAndSaysHowToGetThem() async throws {
        try await withGates { fleet, worktree in
            // Nothing ran for the commit that the branch began at.
            let none = try await fleet.shell("git push origin feature/x", in: worktree)
            #expect(none.status == 1)
            #expect(none.stderr.contains("✗ lint: no run of this commit has it"))
            #expect(none.stderr.contains("git commit --amend --no-edit makes it run now"))
            #expect(none.stderr.contains("git push --no-verify goes around the gate"))

            try await commit(fleet, "touch bad; git add bad", in: worktree)
            try await expect("lint", is: "missing", "FAILED", fleet)
            let failed = try await fleet.shell("git push origin feature/x", in: worktree)
            #expect(failed.status == 1)
            #expect(failed.stderr.contains("✗ lint: FAILED: action 1 ended with exit code 1"))
            #expect(failed.stderr.contains("lint: tmux-agent policy retry feature/x"))
            #expect(failed.stderr.contains("✗ review: IDLE"))

            try await commit(fleet, "git rm --quiet bad", in: worktree)
            try await expect("lint", is: "missing", "untracked", fleet)
            // The failed run left its report behind; a clean worktree is the condition.
            try await commit(fleet, "rm lint.report", in: worktree)
            try await expect("lint", is: "measured", nil, fleet)
            try await expect("review", is: "missing", "RUNNING", fleet)
            try await fleet.succeed("emit", "STATUS", "--stage", "review", "--ok", "--branch", "feature/x")
            try await expect("review", is: "reported", nil, fleet)
            let pushed = try await fleet.shell("git push origin feature/x", in: worktree)
            #expect(pushed.status == 0, "\(pushed)")
            #expect(pushed.stderr.contains("tmux-agent: self-reported: review"))
            let tip = try await fleet.git.git("rev-parse", "feature/x")
            #expect(try await remoteTip(fleet, "feature/x") == tip)
            let text = try await fleet.run("gates", "feature/x")
            #expect(text.stdout.contains("holds\n  ✓ lint\n  ✓ review  (self-reported)"))
            let explained = try await fleet.run("policy", "explain", "feature/x")
            #expect(
                explained.stdout.contains("\n  ✓ lint\n  ✓ review  (self-reported)"), "\(explained.stdout)")
            #expect(try await fleet.run("gates", "--bypassed", "--json").json["bypassed"]?.array == [])
        }
    }

    @Test func pushesOfEveryKindMeetTheGatesThatAreTheirs() async throws {
        try await withGates { fleet, worktree in
            try await commit(fleet, "echo more >>README; git add README", in: worktree)
            // From the main checkout, by another name there, and together with a branch without a gate.
            for push in [
                "feature/x", "feature/x:other", "feature/x~0:refs/heads/feature/y", "main feature/x",
                "--all", "+feature/x",
            ] {
                let outcome = try await fleet.shell("git push origin \(push)")
                #expect(outcome.status == 1, "\(push): \(outcome)")
                #expect(outcome.stderr.contains("tmux-agent: the gate for 'feature/*' stops"), "\(push)")
            }
            #expect(try await remoteTip(fleet, "feature/x").isEmpty)
            #expect(try await remoteTip(fleet, "other").isEmpty)
            for push in ["main", "feature/x:refs/tags/v1", "main:refs/heads/plain"] {
                let outcome = try await fleet.shell("git push origin \(push)")
                #expect(outcome.status == 0, "\(push): \(outcome)")
            }
            // Around the gate, which is everybody's right, and is in the journal afterwards.
            let around = try await fleet.shell("git push --quiet --no-verify origin feature/x", in: worktree)
            #expect(around.status == 0, "\(around)")
            let tip = try await fleet.git.git("rev-parse", "feature/x")
            let bypassed = try await fleet.run("gates", "--bypassed", "--json").json["bypassed"]?.array
            #expect(bypassed?.count == 1)
            #expect(bypassed?.first?["commit"]?.string == tip)
            #expect(bypassed?.first?["branch"]?.string == "feature/x")
            let again = try await fleet.run("gates", "--bypassed", "--json").json["bypassed"]?.array
            #expect(again?.count == 1, "once for good")
            let others = try await fleet.run("gates", "main", "--bypassed", "--json").json["bypassed"]?.array
            #expect(others == [])
            // What is deleted needs no stage.
            let gone = try await fleet.shell("git push origin :feature/x")
            #expect(gone.status == 0, "\(gone)")
        }
    }

    @Test func aDirtyWorktreeProvesNothing() async throws {
        try await withGates { fleet, worktree in
            try await commit(fleet, "echo unsaved >>README", in: worktree)
            try await expect("lint", is: "missing", "1 file differed from the commit", fleet)
            let stopped = try await fleet.shell("git push origin feature/x", in: worktree)
            #expect(stopped.stderr.contains("✗ lint: COMPLETED, but 1 file differed from the commit"))
            #expect(stopped.stderr.contains("policy reset feature/x --stage lint"))
            _ = try await fleet.shell("git checkout README; rm -f lint.report", in: worktree)
            try await fleet.succeed("policy", "reset", "feature/x", "--stage", "lint")
            // The first look at the run stays what it was, but for what is tracked the last attempt counts.
            try await expect("lint", is: "measured", nil, fleet)
        }
    }

    @Test func aGateThatCannotBeAskedStopsNobody() async throws {
        try await withFleetFixture(policy: Self.policy) { fleet in
            let theirs = "#!/bin/sh -eu\ncat >\"$(git rev-parse --git-common-dir)/seen\"\n"
            try fleet.write(theirs, to: ".git/hooks/pre-push", mode: FilePermissions(rawValue: 0o755))
            try await fleet.succeed("hooks", "install")
            _ = try await fleet.shell(
                "git init --quiet --bare ../remote.git; git remote add origin \"$PWD/../remote.git\"; git branch feature/x"
            )
            let hook = try #require(try fleet.read(".git/hooks/pre-push"))
            let program = try #require(hook.firstMatch(of: /tmux_agent=(\S+)\n/)?.output.1)
            func push(asking stub: String?, _ branch: String) async throws -> Outcome {
                let path = fleet.folder.appending("stub")
                try Files.remove(path)
                if let stub {
                    try Files.write("#!/bin/sh\n\(stub)\n", to: path, mode: .init(rawValue: 0o755))
                }
                try fleet.write(
                    hook.replacing(String(program), with: path.string), to: ".git/hooks/pre-push",
                    mode: FilePermissions(rawValue: 0o755))
                return try await fleet.shell("git push --quiet origin feature/x:\(branch)")
            }
            let gone = try await push(asking: nil, "a")
            #expect(gone.status == 0)
            #expect(
                gone.stderr == "tmux-agent: the program is gone, so no gate was asked; the push goes on\n")
            let broken = try await push(asking: "exit 139", "b")
            #expect(broken.status == 0)
            #expect(broken.stderr == "tmux-agent: the gates could not be asked (139); the push goes on\n")
            let slow = try await push(asking: "exec sleep 60", "c")
            #expect(slow.status == 0)
            #expect(slow.stderr == "tmux-agent: the gates did not answer within 5 s; the push goes on\n")
            // The hook that was there reads what git says as if nobody had been before it.
            let tip = try await fleet.git.git("rev-parse", "feature/x")
            #expect(
                try fleet.read(".git/seen")
                    == "refs/heads/feature/x \(tip) refs/heads/c \(String(repeating: "0", count: 40))\n")
            let refused = try await push(asking: "cat >/dev/null; exit 77", "d")
            #expect(refused.status == 1)
            #expect(try await remoteTip(fleet, "d").isEmpty)
            // A policy that cannot be read is no reason to stop people either.
            try fleet.write(hook, to: ".git/hooks/pre-push", mode: FilePermissions(rawValue: 0o755))
            try fleet.write("gates: [\n", to: ".tmuxagent/policy.yaml")
            let unreadable = try await fleet.shell("git push origin feature/x:e")
            #expect(unreadable.status == 0)
            #expect(unreadable.stderr.contains("policy.yaml"))
            #expect(unreadable.stderr.contains("the gates could not be asked (78); the push goes on"))
        }
    }

    @Test func evidenceSurvivesAKillInTheMiddleOfAStage() async throws {
        let policy = """
            pipelines:
              - name: checks
                match: { branch: "feature/*" }
                starts_on: { git_hook: post-commit }
                stages:
                  - name: lint
                    actions_on_start: [ { shell: 'touch "$HOME/begun"; while [ ! -e "$HOME/go" ]; do sleep 0.05; done' } ]
            gates: [ { hook: pre-push, branch: "*", require: [lint] } ]

            """
        try await withGates(policy: policy) { fleet, worktree in
            try await commit(fleet, "true", in: worktree)
            try await expect("lint", is: "missing", "RUNNING", fleet)
            let pid = try #require(
                try await fleet.run("status", "--json").json["daemon"]?["pid"]?.integer)
            // The stage is RUNNING a moment before its command is.
            let begun = try await eventually(within: .seconds(20)) {
                Files.exists(fleet.folder.appending("user/begun"))
            }
            #expect(begun, "the stage's command runs")
            kill(Int32(pid), SIGKILL)
            try Files.append("", to: fleet.folder.appending("user/go"))
            try await fleet.succeed("up")
            try await expect("lint", is: "measured", nil, fleet)
            let pushed = try await fleet.shell("git push origin feature/x", in: worktree)
            #expect(pushed.status == 0, "\(pushed)")
        }
    }

    @Test func aNoteThatCannotBeWrittenStopsNothingElse() async throws {
        try await withGates { fleet, worktree in
            // No reference can be below another one.
            try await fleet.git.git("update-ref", "refs/notes/tmux-agent/mine", "HEAD")
            for round in 1...2 {
                try await commit(
                    fleet, "rm -f lint.report; echo \(round) >>README; git add README", in: worktree)
                try await expect("lint", is: "measured", nil, fleet)
                try await fleet.succeed(
                    "emit", "STATUS", "--stage", "review", "--ok", "--branch", "feature/x")
                try await expect("review", is: "reported", nil, fleet)
            }
            func troubles() async throws -> [JSONValue] {
                try await fleet.run("status", "--json").json["daemon"]?["troubles"]?.array ?? []
            }
            // The daemon writes notes in its own time.
            let isSaid = try await eventually(within: .seconds(20)) {
                try await troubles().contains { $0.string?.hasPrefix("git notes: ") == true }
            }
            #expect(isSaid)
            try await fleet.git.git("update-ref", "-d", "refs/notes/tmux-agent/mine")
            let isWritten = try await eventually(within: .seconds(20)) { try await troubles().isEmpty }
            #expect(isWritten)
            let noted = try await fleet.run("blame-agent", "feature/x~2..feature/x", "--json").json
            #expect(noted["commits"]?.array?.allSatisfy { $0["note"] != .null } == true)
        }
    }

    @Test func aBrokenEditLeavesTheGatesThatStood() async throws {
        try await withGates { fleet, worktree in
            try fleet.write("gates: [\n", to: ".tmuxagent/policy.yaml")
            try await commit(fleet, "true", in: worktree)
            try await expect("lint", is: "measured", nil, fleet)
            let stopped = try await fleet.shell("git push origin feature/x", in: worktree)
            #expect(stopped.status == 1, "\(stopped)")
            #expect(stopped.stderr.contains("the gates are those of the last good one"))
            #expect(stopped.stderr.contains("✗ review: RUNNING"))
            try await fleet.succeed("emit", "STATUS", "--stage", "review", "--ok", "--branch", "feature/x")
            try await expect("review", is: "reported", nil, fleet)
            let pushed = try await fleet.shell("git push origin feature/x", in: worktree)
            #expect(pushed.status == 0, "\(pushed)")
        }
    }
}
