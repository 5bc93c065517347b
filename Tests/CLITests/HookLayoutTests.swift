import Core
import ProcessKit
import SystemPackage
import TestSupport
import Testing

/// Hooks beside what other programs and people put there.
@Suite(.timeLimit(.minutes(1)))
struct HookLayoutTests {
    private let executable = FilePermissions(rawValue: 0o755)

    private func states(_ fleet: FleetFixture, _ command: String) async throws -> [String: String] {
        let hooks = try await fleet.run("hooks", command, "--json").json["hooks"]?.array ?? []
        return Dictionary(hooks.map { ($0["name"]?.string ?? "", $0["state"]?.string ?? "") }) { $1 }
    }

    @Test func aBlockWithoutItsEndIsOursAllTheSame() async throws {
        try await withFleetFixture { fleet in
            let own = "#!/bin/sh\necho mine\n"
            for name in ["post-commit", "pre-push"] {
                try fleet.write(own, to: ".git/hooks/\(name)", mode: executable)
            }
            try await fleet.succeed("hooks", "install")
            let whole = try await fleet.shell("cat .git/hooks/post-commit .git/hooks/pre-push").stdout
            _ = try await fleet.shell("sed -i '/^# tmux-agent end$/d' .git/hooks/post-commit .git/hooks/pre-push")
            try await fleet.succeed("hooks", "install")
            #expect(try await fleet.shell("cat .git/hooks/post-commit .git/hooks/pre-push").stdout == whole)
            _ = try await fleet.shell("sed -i '/^# tmux-agent end$/d' .git/hooks/post-commit .git/hooks/pre-push")
            try await fleet.succeed("hooks", "uninstall")
            #expect(try await fleet.shell("cat .git/hooks/post-commit").stdout == own)
            #expect(try await fleet.shell("cat .git/hooks/pre-push").stdout == own)
            // Where somebody changed the words, nobody knows where they end.
            try await fleet.succeed("hooks", "install")
            _ = try await fleet.shell(
                "sed -i '/^# tmux-agent end$/d; s/timeout -k 1 5/timeout 9/' .git/hooks/pre-push")
            let changed = try await fleet.shell("cat .git/hooks/pre-push").stdout
            #expect(try await states(fleet, "install")["pre-push"] == "foreign")
            try await fleet.succeed("hooks", "uninstall")
            #expect(try await fleet.shell("cat .git/hooks/pre-push").stdout == changed)
        }
    }

    /// husky 9: `core.hooksPath` names wrappers that git ignores, which run the scripts beside them with `sh -e`.
    @Test func huskysScriptsAreNeverWrittenAndTheLinesWorkInThem() async throws {
        try await withFleetFixture { fleet in
            try fleet.makeFolder(".husky/_")
            try fleet.write("*\n", to: ".husky/_/.gitignore")
            try fleet.write(
                """
                #!/usr/bin/env sh
                n=$(basename "$0")
                s=$(dirname "$(dirname "$0")")/$n
                [ ! -f "$s" ] && exit 0
                sh -e "$s" "$@"
                exit $?

                """, to: ".husky/_/h", mode: executable)
            for name in ["post-commit", "pre-push"] {
                try fleet.write(
                    "#!/usr/bin/env sh\n. \"$(dirname \"$0\")/h\"\n", to: ".husky/_/\(name)", mode: executable
                )
            }
            try await fleet.git.git("config", "core.hooksPath", ".husky/_")
            let before = try await fleet.shell("find .husky -type f | sort | xargs cat").stdout
            let installed = try await fleet.run("hooks", "install", "--json").json
            #expect(installed["manager"] == "husky")
            #expect(Set(try await states(fleet, "status").values) == ["foreign"])
            #expect(try await fleet.shell("find .husky -type f | sort | xargs cat").stdout == before)
            #expect(!fleet.exists(".git/hooks/post-commit"))
            // A person follows the advice.
            let line = try #require(installed["line_to_add"]?.string)
            let gate = try #require(installed["gate_to_add"]?.string)
            try fleet.write("\(line)\n", to: ".husky/post-commit")
            try fleet.write(gate + "cat >.git/seen\n", to: ".husky/pre-push")
            #expect(try await states(fleet, "status")["post-commit"] == "installed")
            #expect(try await states(fleet, "status")["pre-push"] == "installed")
            let outcome = try await fleet.shell(
                "git commit --quiet --allow-empty -m Next && git init --quiet --bare ../r.git && git push --quiet ../r.git main"
            )
            #expect(outcome.status == 0, "\(outcome)")
            #expect(
                try fleet.read(".git/tmux-agent/hooks")?.hasPrefix("post-commit\t\(fleet.root)\tmain\t")
                    == true)
            #expect(try fleet.read(".git/seen")?.hasPrefix("refs/heads/main ") == true)
        }
    }

    /// lefthook and pre-commit write shell scripts into `.git/hooks`.
    @Test(arguments: [
        (
            "lefthook",
            "#!/bin/sh\n\ncall_lefthook()\n{\n  echo \"ran $2\" >>.git/ran\n}\n\ncall_lefthook run \"post-commit\" \"$@\"\n"
        ),
        (
            "pre-commit",
            "#!/usr/bin/env bash\n# File generated by pre-commit: https://pre-commit.com\n# ID: 138fd403232d2ddd5efb44317e38bf03\necho \"ran post-commit\" >>.git/ran\nexec true\n"
        ),
    ])
    func managersThatWriteIntoTheGitFolderGoOnWorking(manager: String, script: String) async throws {
        try await withFleetFixture { fleet in
            try fleet.write(script, to: ".git/hooks/post-commit", mode: FilePermissions(rawValue: 0o775))
            _ = try await fleet.shell("chmod 775 .git/hooks/post-commit")
            let installed = try await fleet.run("hooks", "install")
            #expect(installed.stdout.contains("Note: "))
            #expect(installed.stdout.contains("tmux-agent hooks install"))
            let json = try await fleet.run("hooks", "install", "--json").json
            #expect(json["manager"]?.string == manager)
            #expect(json["hooks"]?.array?.first?["state"] == "kept")
            _ = try await fleet.shell("git commit --quiet --allow-empty -m Next")
            #expect(try fleet.read(".git/ran") == "ran post-commit\n")
            #expect(try fleet.read(".git/tmux-agent/hooks")?.hasPrefix("post-commit\t") == true)
            #expect(try await fleet.shell("stat -c %a .git/hooks/post-commit").stdout == "775\n")
            try await fleet.succeed("hooks", "uninstall")
            #expect(try fleet.read(".git/hooks/post-commit") == script)
            #expect(try await fleet.shell("stat -c %a .git/hooks/post-commit").stdout == "775\n")
            #expect(!fleet.exists(".git/hooks/pre-push"))
        }
    }

    @Test func linksSleepingHooksAndSharedFoldersAreLeftAlone() async throws {
        try await withFleetFixture { fleet in
            try fleet.write("#!/bin/sh\necho tracked\n", to: "scripts-post-commit", mode: executable)
            try fleet.write("#!/bin/sh\necho asleep\n", to: ".git/hooks/post-merge")
            _ = try await fleet.shell("ln -s ../../scripts-post-commit .git/hooks/post-commit")
            let json = try await fleet.run("hooks", "install", "--json").json
            let reasons = json["hooks"]?.array?.compactMap { $0["reason"]?.string }
            #expect(reasons == ["a symbolic link", "not executable, so git ignores it"])
            #expect(try fleet.read("scripts-post-commit") == "#!/bin/sh\necho tracked\n")
            #expect(try fleet.read(".git/hooks/post-merge") == "#!/bin/sh\necho asleep\n")
            try await fleet.succeed("hooks", "uninstall")
            #expect(fleet.exists(".git/hooks/post-commit"))

            // A folder for all repositories of the user: what is added there speaks for this one only.
            _ = try await fleet.shell(
                "mkdir ../all; git config core.hooksPath \"$PWD/../all\"; git init --quiet ../else")
            let shared = try await fleet.run("hooks", "install", "--json").json
            #expect(shared["hooks"]?.array?.allSatisfy { $0["state"] == "foreign" } == true)
            #expect(Files.names(in: fleet.folder.appending("all")).isEmpty)
            let line = try #require(shared["line_to_add"]?.string)
            try Files.write(
                "#!/bin/sh\n\(line)\n", to: fleet.folder.appending("all/post-commit"), mode: executable)
            _ = try await fleet.shell(
                "cd ../else && git config core.hooksPath \"$PWD/../all\" && git commit --quiet --allow-empty -m Theirs"
            )
            #expect(!fleet.exists(".git/tmux-agent/hooks"))
            _ = try await fleet.shell("git commit --quiet --allow-empty -m Ours")
            #expect(try fleet.read(".git/tmux-agent/hooks")?.split(separator: "\n").count == 1)
        }
    }

    @Test func strictShellsAndWorktreesAreToldOfToo() async throws {
        try await withFleetFixture { fleet in
            for name in ["post-commit", "post-checkout", "post-merge", "post-rewrite"] {
                try fleet.write(
                    "#!/bin/sh -eu\necho \"\(name)\" >>\"$HOME/ran\"\n", to: ".git/hooks/\(name)",
                    mode: executable)
            }
            try await fleet.succeed("hooks", "install")
            let outcome = try await fleet.shell(
                """
                set -e
                git worktree add --quiet ../tree -b side
                cd ../tree; git commit --quiet --allow-empty -m One; git commit --quiet --amend --allow-empty -m Two
                cd ../shop; git merge --quiet side; git checkout --quiet -- README; git pack-refs --all
                git switch --quiet --detach
                """)
            #expect(outcome.status == 0, "\(outcome)")
            #expect(outcome.stderr.isEmpty, "\(outcome)")
            let lines = (try fleet.read(".git/tmux-agent/hooks") ?? "").split(separator: "\n").map {
                $0.split(separator: "\t", omittingEmptySubsequences: false).map(String.init)
            }
            let tree = fleet.folder.appending("tree").string
            let side = try await fleet.git.git("rev-parse", "side")
            #expect(lines.allSatisfy { $0.count == 5 })
            #expect(lines.contains { $0[0] == "post-checkout" && $0[1] == tree && $0[2] == "side" })
            #expect(lines.contains { $0[0] == "post-rewrite" && $0[1] == tree && $0[3] == side })
            #expect(lines.count { $0[0] == "post-commit" && $0[1] == tree } == 2)
            #expect(lines.contains { $0[0] == "post-merge" && $0[1] == fleet.root.string && $0[3] == side })
            #expect(lines.last?[2] == "")
            let ran = try Files.readText(fleet.folder.appending("user/ran"))?.split(separator: "\n").count
            #expect(
                ran == lines.count + 1,
                "each hook that was there ran on, also for a file that was checked out")
        }
    }

    /// A person marks the lines in the terminal and pastes them, with the spaces before them.
    @Test func whatIsPrintedCanBePastedAsItStandsThere() async throws {
        try await withFleetFixture { fleet in
            try fleet.makeFolder(".githooks")
            let theirs = "cat >.git/seen\necho MINE >&2\nexit 1\n"
            try fleet.write("#!/bin/sh\n" + theirs, to: ".githooks/pre-push", mode: executable)
            try await fleet.git.git("config", "core.hooksPath", ".githooks")
            let printed = try await fleet.run("hooks", "install").stdout.split(separator: "\n")
            let heading = try #require(printed.firstIndex { $0.hasPrefix("For gates, add this") })
            let block = printed[(heading + 1)...].prefix { $0.hasPrefix("  ") }.joined(separator: "\n")
            try fleet.write("#!/bin/sh\n\(block)\n\(theirs)", to: ".githooks/pre-push", mode: executable)
            let pushed = try await fleet.shell(
                "git init --quiet --bare ../r.git && git push --quiet ../r.git main")
            #expect(pushed.status != 0)
            #expect(pushed.stderr.contains("MINE\n"), "\(pushed)")
            #expect(try fleet.read(".git/seen")?.hasPrefix("refs/heads/main ") == true)
            // What was added by hand is taken out by hand.
            let left = try await fleet.run("hooks", "uninstall")
            #expect(
                left.stdout.contains(
                    "left alone  \(fleet.root)/.githooks/pre-push (our line was added by hand; take it out by hand)"
                ))
        }
    }

    @Test func aHookInAnotherLanguageIsToBeGivenAScript() async throws {
        try await withFleetFixture { fleet in
            try fleet.write("#!/usr/bin/env node\n", to: ".git/hooks/post-merge", mode: executable)
            let installed = try await fleet.run("hooks", "install")
            #expect(
                installed.stdout.contains("left alone  \(fleet.root)/.git/hooks/post-merge (no shell script)")
            )
            #expect(installed.stdout.contains("have the hook run 'sh THE-SCRIPT'"))
            #expect(try fleet.read(".git/hooks/post-merge") == "#!/usr/bin/env node\n")
        }
    }

    /// Of a relative path git makes another one in each worktree, where `.git` is a file.
    @Test func foldersThatGitDoesNotFindEverywhereAreNotWrittenTo() async throws {
        try await withFleetFixture { fleet in
            try await fleet.succeed("hooks", "install")
            try await fleet.git.git("config", "core.hooksPath", ".git/hooks")
            for command in ["install", "status"] {
                let told = try await fleet.run("hooks", command, "--json").json
                #expect(told["hooks"]?.array?.allSatisfy { $0["state"] == "foreign" } == true)
                #expect(told["advice"]?.string?.contains("git config --unset core.hooksPath") == true)
                #expect(told["line_to_add"] == .null)
            }
            try await fleet.succeed("hooks", "uninstall")
            #expect(!fleet.exists(".git/hooks/post-commit"), "what is ours is found there all the same")

            // With the whole path, the advice's other way, a worktree's commits are told of.
            try await fleet.git.git("config", "core.hooksPath", "\(fleet.root)/.git/hooks")
            try await fleet.succeed("hooks", "install")
            _ = try await fleet.shell(
                "git worktree add --quiet ../tree; cd ../tree; git commit --quiet --allow-empty -m One")
            #expect(try fleet.read(".git/tmux-agent/hooks")?.contains("post-commit\t") == true)

            for off in ["/dev/null", ""] {
                try await fleet.git.git("config", "core.hooksPath", off)
                let told = try await fleet.run("hooks", "install")
                #expect(told.stdout.contains("(hooks are switched off)"), "\(told)")
                #expect(told.stdout.contains("core.hooksPath is '\(off)', which is no folder"), "\(told)")
                #expect(!told.stdout.contains("add this"))
            }
        }
    }
}
