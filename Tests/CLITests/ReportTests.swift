import Core
import ProcessKit
import SystemPackage
import TestSupport
import Testing

/// Reports by `emit`, and the git hooks.
@Suite(.timeLimit(.minutes(1)))
struct ReportTests {
    static let policy = """
        pipelines:
          - name: reports
            match: { any_of: [ { branch: "feature/*" } ] }
            stages:
              - name: status
                success_when: { any_of: [ { marker: { type: STATUS, stage: status, ok: true, count: 3 } } ] }
              - name: signal
                success_when: { any_of: [ { signal: nightly } ] }

        """

    @Test func emitReportsFromInsideAndOutsideOfAnAgent() async throws {
        let script = """
            say Ready.
            expect go
            emit STATUS --stage status --ok --summary 'it went well' --payload '{"count":3}'

            """
        try await withFleetFixture(scripts: ["agent": script], policy: Self.policy) { fleet in
            try await fleet.succeed("up")
            try await fleet.succeed("spawn", "feature/x", "--task", "go")
            let first = try await eventually {
                try await fleet.pipelineRun("feature/x")?["stages"]?.array?.first?["status"] == "COMPLETED"
            }
            let log = try await fleet.run("logs", "feature/x")
            #expect(first, "\(log)")
            try await fleet.succeed("emit", "nightly", "--branch", "feature/x")
            try await fleet.expectRun("completed", of: "feature/x")
        }
    }

    @Test func aReportOfWhatTheScreenShowedCountsNoSecondTime() async throws {
        let script = """
            expect go
            say ### SENTRY {"type":"STATUS","stage":"status","ok":true,"count":3,"id":"seen"}

            """
        try await withFleetFixture(scripts: ["agent": script], policy: Self.policy) { fleet in
            try await fleet.succeed("up")
            try await fleet.succeed("spawn", "feature/x", "--task", "go")
            let isRead = try await eventually {
                try await fleet.pipelineRun("feature/x")?["stages"]?.array?.first?["status"] == "COMPLETED"
            }
            let log = try await fleet.run("logs", "feature/x")
            try #require(isRead, "\(log)")
            let report = try await fleet.run(
                "emit", "STATUS", "--id", "seen", "--branch", "feature/x", "--json")
            #expect(try report.json["counted"] == false, "\(report)")
            let next = try await fleet.run("emit", "STATUS", "--id", "new", "--branch", "feature/x", "--json")
            #expect(try next.json["counted"] == true, "\(next)")
        }
    }

    @Test func anIdCountsOnceAndWrongReportsAreRefused() async throws {
        try await withFleetFixture { fleet in
            try await fleet.succeed("spawn", "feature/x")
            let emit = ["emit", "STATUS", "--id", "one", "--branch", "feature/x"]
            #expect(try await fleet.run(emit + ["--json"]).json["counted"] == true)
            #expect(try await fleet.run(emit + ["--json"]).json["counted"] == false)
            #expect(try await fleet.run(emit).stdout == "STATUS with this id counted before.\n")
            for (arguments, words) in [
                (["--payload", "xx"], "--payload must be one JSON object"),
                (["--payload", "[1]"], "--payload must be one JSON object"),
                (["--ok", "--fail"], "Give --ok or --fail, not both"),
            ] {
                let outcome = try await fleet.run(["emit", "STATUS", "--branch", "feature/x"] + arguments)
                #expect(outcome.status == 64, "\(outcome)")
                #expect(outcome.stderr.contains(words), "\(outcome)")
            }
            #expect(try await fleet.run("emit", "two words", "--branch", "feature/x").status == 64)
            let nowhere = try await fleet.run("emit", "STATUS")
            #expect(nowhere.status == 64)
            #expect(nowhere.stderr.contains("Give --branch BRANCH"))
            let worktree = fleet.root.appending(".tmuxagent/worktrees/feature-x")
            #expect(try await fleet.run("emit", "STATUS", in: worktree).description == "\n[status 0]")
        }
    }

    @Test func aRealCommitStartsAPipeline() async throws {
        let policy = """
            pipelines:
              - name: build
                match: { any_of: [ { branch: "*" } ] }
                starts_on: { git_hook: post-commit }
                stages:
                  - name: compile
                    actions_on_start: [ { shell: 'echo "$TMUX_AGENT_HOOK $TMUX_AGENT_COMMIT" > ../../../built' } ]

            """
        try await withFleetFixture(policy: policy) { fleet in
            let installed = try await fleet.run("hooks", "install")
            #expect(installed.stdout.contains("installed  \(fleet.root)/.git/hooks/post-commit"))
            try await fleet.succeed("up")
            try await fleet.succeed("spawn", "feature/x")
            let worktree = fleet.root.appending(".tmuxagent/worktrees/feature-x")
            try await fleet.git.git("commit", "--quiet", "--allow-empty", "-m", "Next", in: worktree)
            let commit = try await fleet.git.git("rev-parse", "feature/x")
            try await fleet.expectFile("built", contains: "post-commit \(commit)\n")
            try await fleet.expectRun("completed", of: "feature/x")
            #expect(try await fleet.pipelineRun("feature/x")?["commit"]?.string == commit)
            // Somebody came to the worktree through a link: a shell says its folder by that.
            let linked = try await fleet.shell(
                "ln -s shop ../link; cd ../link/.tmuxagent/worktrees/feature-x; git commit --quiet --allow-empty -m Linked"
            )
            #expect(linked.status == 0, "\(linked)")
            let next = try await fleet.git.git("rev-parse", "feature/x")
            #expect(try fleet.read(".git/tmux-agent/hooks")?.contains("/link/.tmuxagent") == true)
            try await fleet.expectFile("built", contains: "post-commit \(next)\n")
        }
    }

    @Test func hooksStandBesideOthersAndGoWithoutATrace() async throws {
        try await withFleetFixture { fleet in
            let theirs = "#!/bin/sh\necho theirs >>\"$(git rev-parse --git-common-dir)/ran\"\nexit 0\n"
            try fleet.write(theirs, to: ".git/hooks/post-commit", mode: FilePermissions(rawValue: 0o755))
            try fleet.write(
                "#!/usr/bin/env python3\n", to: ".git/hooks/post-merge",
                mode: FilePermissions(rawValue: 0o755))
            let installed = try await fleet.run("hooks", "install", "--json").json
            #expect(
                installed["hooks"]?.array?.map { $0["state"]?.string } == [
                    "installed", "foreign", "installed", "installed", "installed",
                ])
            #expect(installed["line_to_add"]?.string != nil)
            try await fleet.git.git("commit", "--quiet", "--allow-empty", "-m", "Next")
            #expect(try fleet.read(".git/ran") == "theirs\n")
            #expect(try fleet.read(".git/tmux-agent/hooks")?.contains("post-commit\t") == true)
            let status = try await fleet.run("hooks", "status", "--json").json
            #expect(status["hooks"]?.array?.first?["state"] == "installed")
            let removed = try await fleet.run("hooks", "uninstall")
            #expect(removed.stdout.contains("removed  \(fleet.root)/.git/hooks/post-commit"))
            #expect(try fleet.read(".git/hooks/post-commit") == theirs)
            #expect(!fleet.exists(".git/hooks/post-checkout"))
        }
    }

    @Test func aHooksFolderOfTheProjectIsLeftAlone() async throws {
        try await withFleetFixture { fleet in
            try await fleet.git.git("config", "core.hooksPath", "tools/hooks")
            try fleet.makeFolder("tools/hooks")
            let installed = try await fleet.run("hooks", "install")
            #expect(installed.status == 0)
            #expect(installed.stdout.contains("add this line to each:"))
            #expect(installed.stdout.contains("printf"))
            #expect(Files.names(in: fleet.root.appending("tools/hooks")).isEmpty)
        }
    }
}
