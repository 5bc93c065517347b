import Config
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

/// A spawn that fails before its agent runs leaves references, entries, folders, sessions and rows as they were.
struct SpawnFailureTests {
    /// Runs the program, which must fail with `status` and these words, and leave no trace.
    private func refused(
        _ fleet: FleetFixture, _ arguments: [String], status: Int32, _ words: [String],
        adding: [String: String] = [:], sourceLocation: SourceLocation = #_sourceLocation
    ) async throws {
        let before = try await fleet.trace()
        let result = try await fleet.run(["spawn"] + arguments, adding: adding)
        #expect(result.exitCode == status, "\(result.errorText)", sourceLocation: sourceLocation)
        for word in words {
            #expect(result.errorText.contains(word), "\(result.errorText)", sourceLocation: sourceLocation)
        }
        #expect(try await fleet.trace() == before, sourceLocation: sourceLocation)
        let found = try await fleet.doctor().remaining.map(\.problem)
        #expect(found == [], sourceLocation: sourceLocation)
    }

    @Test func settingsTemplatesProfilesAndProgramsAreCheckedFirst() async throws {
        try await withFleet { fleet in
            try await refused(
                fleet, ["a", "--template", "qa-templat"], status: 78, ["qa-template", "implementation"])
            try await refused(fleet, ["a", "--agent", "codx"], status: 78, ["no agent profile 'codx'"])
            try await refused(
                fleet, ["a", "--startup", "no-such-program x"], status: 1, ["'no-such-program' was not found"]
            )
            try await refused(
                fleet, ["a", "--base", "nowhere"], status: 1, ["No commit is called 'nowhere'"])
            try await refused(fleet, ["main"], status: 1, ["'main' is checked out"])
            try await refused(fleet, ["other", "--no-worktree"], status: 1, ["is on 'main', not on 'other'"])
        }
    }

    @Test func aFailingSetupIsTakenBack() async throws {
        let settings = """
            [agent]
            command = "cat"
            [worktree]
            setup = ["touch made-by-setup", "echo wrong >&2; exit 3"]
            """
        try await withFleet(settings: settings) { fleet in
            try await refused(fleet, ["feature/a"], status: 77, ["exit 3", "--yes"])
            // Agreeing is remembered, so the fleet differs by that from before; git and tmux do not.
            try await refused(fleet, ["feature/a", "--yes"], status: 1, ["exit status 3", "wrong"])
            let template = "---\nsetup: [\"exit 4\"]\n---\nWork.\n"
            try Files.write(template, to: fleet.root.pushing(".tmuxagent/templates/mine.md"))
            try fleet.settings("[agent]\ncommand = \"cat\"\n")
            try await refused(
                fleet, ["b", "--template", "mine"], status: 77, ["Template 'mine' wants to run a command"])
            try await refused(
                fleet, ["b", "--template", "mine", "--yes"], status: 1, ["correct 'setup' of template 'mine'"]
            )
        }
    }

    @Test func aCommandThatTheShellDoesNotFindIsTakenBack() async throws {
        try await withFleet { fleet in
            try await fleet.spawn("living")
            try await refused(
                fleet, ["a", "--startup", "cd src && no-such-program"], status: 1,
                ["ended at once with exit status 127", "no-such-program: not found"])
        }
    }

    @Test func aRestartWhoseCommandIsNotFoundSaysSoAndKeepsTheFormerOne() async throws {
        try await withFleet { fleet in
            let agent = try await fleet.spawn("a", startup: "exec sh").agent
            let pane = try #require(try await fleet.server.pane(of: agent.id))
            #expect(endProcess(pane.pid))
            #expect(try await eventually { try await fleet.server.pane(of: agent.id)?.isDead ?? false })
            let result = try await fleet.run("spawn", "a", "--startup", "cd . && no-such-program x")
            #expect(result.exitCode == 1, "\(result.text)")
            #expect(result.errorText.contains("ended at once with exit status 127"), "\(result.errorText)")
            #expect(result.errorText.contains("no-such-program: not found"))
            #expect(!result.errorText.contains("Pane is dead"))
            #expect(result.errorText.contains("'tmux-agent spawn a' starts it again"))
            #expect(Files.isFolder(agent.place.worktree))
            let again = try await fleet.spawn("a", startup: nil)
            #expect(again.outcome == .restarted)
            #expect(again.agent.program.command == "exec sh")
        }
    }

    @Test func anAgentThatEndsBeforeItsBriefingIsShownWithItsLastWords() async throws {
        try await withFleet { fleet in
            let result = try await fleet.run(
                "spawn", "a", "--startup", "echo Not logged in; exit 1", "--task", "work")
            #expect(result.exitCode == 1)
            #expect(
                result.errorText == """
                    Error: The agent of 'a' ended at once with exit status 1:
                      Not logged in
                    Hint: 'tmux-agent logs a' shows all it printed; 'tmux-agent spawn a' starts it again

                    """)
            let found = try await fleet.doctor().remaining.map(\.problem)
            #expect(found == ["The program of 'a' ended before it was briefed"])
        }
    }

    @Test func aLogsFolderThatIsNoneIsNamed() async throws {
        try await withFleet { fleet in
            let logs = fleet.root.pushing(".tmuxagent/logs")
            removeTree(logs)
            try Files.write("", to: logs)
            try await refused(
                fleet, ["a"], status: 1, ["Could not make the folder \(logs): \(logs) is not a folder"])
        }
    }

    @Test func aSessionOfSomebodyElseIsNotTaken() async throws {
        try await withFleet { fleet in
            try Files.makeFolder(fleet.tmux.socket.removingLastComponent(), mode: 0o700)
            try await fleet.tmux.tmux("new-session", "-d", "-s", "agent-a", "cat")
            try await refused(fleet, ["a"], status: 1, ["'agent-a' exists and belongs to somebody else"])
        }
    }

    @Test func aBranchThatIsCheckedOutElsewhereIsLeftThere() async throws {
        try await withFleet { fleet in
            let other = fleet.tmux.folder.appending("other")
            try await fleet.git.git("worktree", "add", "--quiet", "-b", "taken", other.string)
            try await refused(fleet, ["taken"], status: 1, ["'taken' is checked out at \(other)"])
        }
    }

    @Test(.enabled("a disk of its own needs a user namespace", hasNamespaces))
    func aDiskThatIsFullWhileFilesAreWrittenIsTakenBack() async throws {
        try await withFleet { fleet in
            try Files.write(String(repeating: "7", count: 512 << 10), to: fleet.root.appending("large.bin"))
            try await fleet.git.git("add", "large.bin")
            try await fleet.git.git("commit", "--quiet", "-m", "too large for the small disk")
            try Files.makeFolder(fleet.worktrees)
            let before = try await fleet.trace()
            let result = try await fleet.runOnOwnDisk(
                """
                "$2" spawn a; status=$?
                ls -A "$1"
                exit $status
                """, options: "size=256k")
            #expect(result.exitCode == 1, "\(result.errorText)")
            #expect(result.errorText.contains("unable to write file 'large.bin'"), "\(result.errorText)")
            #expect(result.text.isEmpty, "left on the full disk: \(result.text)")
            #expect(try await fleet.trace() == before)
            #expect(try await fleet.doctor().remaining.map(\.problem) == [])
            let again = try await fleet.run("spawn", "a")
            #expect(again.isSuccess, "\(again.errorText)")
        }
    }

    @Test(.enabled("a disk of its own needs a user namespace", hasNamespaces))
    func filesThatCannotBeCopiedAreNamedAndTheRestIsTakenBack() async throws {
        let settings = "[agent]\ncommand = \"cat\"\n[worktree]\ncopy = [\"secret\", \"large\"]\n"
        try await withFleet(settings: settings) { fleet in
            try await fleet.git.shell(
                "printf 'secret\\nlarge\\n' >>.git/info/exclude; echo 1 >secret; head -c 600000 /dev/zero >large"
            )
            let before = try await fleet.trace()
            let result = try await fleet.runOnOwnDisk(
                """
                "$2" spawn a; echo $?
                rm large; chmod 0 secret
                setpriv --bounding-set=-dac_override,-dac_read_search "$2" spawn a; echo $?
                chmod 644 secret; head -c 600000 /dev/zero >large
                ls -A "$1"
                """, options: "size=400k")
            #expect(result.text == "1\n1\n", "\(result.text) \(result.errorText)")
            for words in [
                "'large' was not copied to the worktree: Could not write \(fleet.worktrees)/a/large: No space left",
                "Hint: Make room on that disk",
                "'secret' was not copied to the worktree: Could not read \(fleet.root)/secret: Permission denied",
                "change 'copy' and 'link' under [worktree] in fleet.toml",
            ] {
                #expect(result.errorText.contains(words), "\(result.errorText)")
            }
            #expect(try await fleet.trace() == before)
        }
    }

    @Test func aFilterThatFailsWhileFilesAreWrittenIsTakenBack() async throws {
        try await withFleet { fleet in
            try await fleet.git.shell(
                """
                echo 'src/*.txt filter=full' >.git/info/attributes
                git config filter.full.smudge 'exit 1'
                git config filter.full.required true
                """)
            try await refused(fleet, ["a"], status: 1, ["src/a.txt: smudge filter full failed"])
        }
    }

    @Test func missingAndOldProgramsAreNamed() async throws {
        try await withFleet { fleet in
            let bin = fleet.tmux.folder.appending("bin")
            try Files.makeFolder(bin)
            for tool in ["git", "sh", "env", "cat"] {
                let real = try await fleet.git.shell("command -v \(tool)")
                symlink(real, bin.appending(tool).string)
            }
            try await refused(fleet, ["a"], status: 69, ["tmux was not found"], adding: ["PATH": bin.string])
            unlink(bin.appending("git").string)
            try Files.write(
                "#!/bin/sh\necho git version 2.17.1\n", to: bin.appending("git"), mode: .init(rawValue: 0o755)
            )
            try Files.write(
                "#!/bin/sh\necho tmux 2.6\n", to: bin.appending("tmux"), mode: .init(rawValue: 0o755))
            let path = "\(bin):/usr/bin:/bin"
            try await refused(fleet, ["a"], status: 69, ["tmux 2.6 is too old"], adding: ["PATH": path])
            unlink(bin.appending("tmux").string)
            try await refused(
                fleet, ["a"], status: 69, ["git 2.17.1 is too old", "2.25"], adding: ["PATH": path])
        }
    }

    @Test func aTypoInTheSettingsIsShownWithItsPlace() async throws {
        try await withFleet { fleet in
            try fleet.settings("[agent]\ncomand = \"cat\"\n")
            let result = try await fleet.run("spawn", "a")
            #expect(result.exitCode == 78)
            #expect(result.errorText.contains(".tmuxagent/fleet.toml:2:1"))
            #expect(result.errorText.contains("command"))
            let doctor = try await fleet.run("doctor", "--json")
            #expect(doctor.exitCode == 1)
            #expect(doctor.text.contains(".tmuxagent/fleet.toml:2:1"))
            let shown = try await fleet.run("doctor").text
            #expect(shown.contains(".tmuxagent/fleet.toml:2:1: unknown key 'comand'"), "\(shown)")
            #expect(shown.contains("1 difference remains.\n"))
        }
    }

    @Test func aCopyRunsNothingBeforeItIsTrusted() async throws {
        try await withFleet { fleet in
            let copy = fleet.tmux.folder.appending("copy")
            try await fleet.git.shell("cp -a . \(copy)")
            let surroundings = fleet.surroundings(in: copy)
            let report = try await Doctor(surroundings: surroundings).examine(fixing: false)
            #expect(report.fixed.map(\.kind) == [.copiedRepository])
            #expect(report.remaining.map(\.kind) == [.untrusted])
            let context = try await FleetContext.open(surroundings)
            await #expect(throws: FleetError.untrusted(root: copy)) {
                try await Spawner(context: context).spawn(SpawnRequest(branch: "a", startup: "cat"))
            }
        }
    }

    @Test func twoHundredBranchNamesWorkOrAreRefusedWithoutATrace() async throws {
        try await withFleet { fleet in
            let before = try await fleet.trace()
            var accepted: [String] = []
            for name in BranchNames.all {
                do {
                    // The program is not found after everything about the name was decided and before anything is made.
                    try await fleet.spawn(name, startup: "no-such-program")
                    Issue.record("\(name) was spawned")
                } catch FleetError.programNotFound {
                    accepted.append(name)
                } catch let error as any UserFacingError {
                    #expect(error.hint != nil, "\(name): \(error.message)")
                    #expect(!BranchNames.good.contains(name), "\(name): \(error.message)")
                }
            }
            #expect(Set(accepted).isSuperset(of: BranchNames.good))
            #expect(BranchNames.bad.filter(accepted.contains) == [])
            #expect(try await fleet.trace() == before)
        }
    }
}

enum BranchNames {
    static let good: [String] = {
        let words = [
            "feature/login", "fix.1", "功能/登录", "ветка", "a--b", "UPPER", "x@y", "v1.2.3", "a_b", "été",
        ]
        let deep = (1...30).map { Array(repeating: "d", count: $0).joined(separator: "/") }
        let long = [100, 200, 240].map { String(repeating: "x", count: $0) }
        return words + deep + long + (1...60).map { "topic/\($0)-\(String(repeating: "é", count: $0 % 7))" }
    }()

    static let bad: [String] = {
        let plain = [
            "", "-", "-x", "--force", ".", "..", "a..b", ".hidden", "a/.b", "a.lock", "a/b.lock/c", "/a",
            "a/", "a//b",
            "a b", "a~b", "a^b", "a:b", "a?b", "a*b", "a[b", "a\\b", "@", "a@{b", "a.", "a/.", "HEAD",
            "refs/heads/",
            "\u{7f}", "a\u{1}b", "a\nb", "a\tb", " a", "a ",
        ]
        let control = (1...31).map { "x\(UnicodeScalar(UInt8($0)))y" }
        let signs =
            " ~^:?*[\\".map { "\($0)start" } + " ~^:?*[\\".map { "end\($0)" }
            + " ~^:?*[\\".map { "mid\($0)dle" }
        return plain + control + signs
    }()

    static let all = good + bad
}
