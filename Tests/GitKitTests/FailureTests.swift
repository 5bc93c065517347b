import Core
import GitKit
import Glibc
import ProcessKit
import SystemPackage
import TestSupport
import Testing

/// What stops in the middle leaves nothing, or something that is recognised.
@Suite(.timeLimit(.minutes(1)))
struct FailureTests {
    @Test(arguments: Road.allCases)
    func failingFilterTakesEverythingBack(road: Road) async throws {
        try await withRepository(objectFormat: road.rawValue) { fixture, _ in
            try await fixture.shell(
                """
                echo '*.txt filter=bad' >.gitattributes; git add .; git commit -qm Filter
                git config filter.bad.smudge false; git config filter.bad.required true
                """)
            let repository = try await fixture.open()
            let before = try await fixture.trace()
            let error = await #expect(throws: GitError.self) {
                try await repository.addWorktree(try fixture.request("a/b"))
            }
            guard case .commandFailed(_, let status, let text) = error else {
                Issue.record("\(String(describing: error))")
                return
            }
            #expect(status != 0 && text.contains("smudge"))
            #expect(try await fixture.trace() == before)
            #expect(try await fixture.shell("ls ..") == "repository")
        }
    }

    /// Files may not grow past a few blocks, so git meets a failing write in the middle of the checkout.
    @Test(arguments: Road.allCases, [true, false])
    func fullDiskTakesEverythingBack(road: Road, isKilled: Bool) async throws {
        try await withRepository(objectFormat: road.rawValue) { fixture, folder in
            try await fixture.shell(
                "head -c 300000 /dev/zero | tr '\\0' x >src/big.bin; git add .; git commit -qm Big")
            let trap = isKilled ? "" : "trap '' XFSZ; "
            let limited = try await fixture.withPrograms(
                ["git": "case \"$*\" in *reset*) \(trap)ulimit -f 64;; esac; exec /usr/bin/git \"$@\""],
                in: folder)
            let repository = try await limited.open()
            let before = try await fixture.trace()
            let error = await #expect(throws: GitError.self) {
                try await repository.addWorktree(try limited.request("a/b"))
            }
            guard case .commandFailed = error else {
                Issue.record("\(String(describing: error))")
                return
            }
            #expect(try await fixture.trace() == before)
            #expect(try await fixture.shell("ls ..") == "bin\nrepository")
            // With room again it works.
            _ = try await fixture.open().addWorktree(try fixture.request("a/b"))
        }
    }

    @Test(arguments: Road.allCases)
    func cancelledCallTakesEverythingBack(road: Road) async throws {
        try await withRepository(objectFormat: road.rawValue) { fixture, folder in
            // The filter says that it runs, then hangs until its input end is closed by git's end.
            try await fixture.shell(
                """
                echo '*.txt filter=slow' >.gitattributes; git add .; git commit -qm Filter
                mkfifo ../started
                git config filter.slow.smudge "echo >\(folder)/started; exec sleep 50"
                git config filter.slow.required true
                """)
            let repository = try await fixture.open()
            let before = try await fixture.trace()
            let request = try fixture.request("a/b")
            let error = await withTaskGroup(of: GitError?.self) { group in
                group.addTask {
                    do throws(GitError) {
                        _ = try await repository.addWorktree(request)
                        return nil
                    } catch {
                        return error
                    }
                }
                _ = try? await fixture.shell("read line <../started")
                group.cancelAll()
                return await group.next() ?? nil
            }
            #expect(error == .process(.cancelled))
            #expect(try await fixture.trace() == before)
            #expect(try await fixture.shell("rm ../started; ls ..") == "repository")
        }
    }

    /// Where a command can have been killed, as what is there afterwards.
    enum Moment: String, CaseIterable, Sendable {
        case recordOnly, branchOnly, entryBegun, entryWithoutFolder, folderWithoutIndex, halfFilled, filled
    }

    @Test(arguments: Road.allCases, Moment.allCases)
    func nextCallFinishesOrRemovesWhatAKillLeft(road: Road, moment: Moment) async throws {
        try await withRepository(objectFormat: road.rawValue) { fixture, folder in
            let before = try await fixture.trace()
            // The hook runs before the record goes, so it can keep a copy.
            try await fixture.shell(
                """
                mkdir -p .git/hooks; printf '#!/bin/sh\\ncp -r \(folder)/repository/.git/tmux-agent/making \\
                    \(folder)/kept\\n' >.git/hooks/post-checkout; chmod +x .git/hooks/post-checkout
                """)
            let repository = try await fixture.open()
            let request = try fixture.request("a/b")
            var addition = try await repository.addWorktree(request)
            addition.hookStatus = nil
            let damage =
                switch moment {
                case .recordOnly: "rm -r trees repository/.git/worktrees; git -C repository branch -qD a/b"
                case .branchOnly: "rm -r trees repository/.git/worktrees"
                case .entryBegun: "rm -r trees; cd repository/.git/worktrees/a-b; rm gitdir HEAD index; ls"
                case .entryWithoutFolder: "rm -r trees"
                case .folderWithoutIndex:
                    "cd trees/a-b; rm -r README src docs; rm ../../repository/.git/worktrees/a-b/index"
                case .halfFilled:
                    "rm -r trees/a-b/docs; cd repository/.git/worktrees/a-b; mv index index.lock"
                case .filled: "true"
                }
            try await fixture.shell(
                "rm repository/.git/hooks/post-checkout; mv kept/* repository/.git/tmux-agent/making; rmdir kept",
                in: folder)
            try await fixture.shell(damage, in: folder)
            #expect(try await repository.leftovers().map(\.advice) == [moment == .filled ? .finish : .remove])

            if moment == .filled {
                #expect(try await repository.addWorktree(request) == addition)
            } else {
                _ = try await repository.recoverLeftovers()
                #expect(try await fixture.trace() == before)
                #expect(try await fixture.shell("ls ..") == "repository")
                let again = try await repository.addWorktree(request)
                #expect(again == addition)
            }
            #expect(try await repository.leftovers().isEmpty)
            #expect(try await repository.status(of: addition.folder)?.isClean == true)
        }
    }

    @Test func halfMadeTreeInWhichSomebodyWorkedIsKept() async throws {
        try await withRepository { fixture, folder in
            try await fixture.shell(
                """
                mkdir -p .git/hooks; printf '#!/bin/sh\\ncp -r \(folder)/repository/.git/tmux-agent/making \\
                    \(folder)/kept\\n' >.git/hooks/post-checkout; chmod +x .git/hooks/post-checkout
                """)
            let repository = try await fixture.open()
            let addition = try await repository.addWorktree(try fixture.request("work"))
            try await fixture.shell(
                """
                mv kept/* repository/.git/tmux-agent/making; rm repository/.git/worktrees/work/index
                echo thoughts >trees/work/src/notes.md
                """, in: folder)
            let expected = WorktreeLeftover.Advice.keep(reason: "'src/notes.md' in it is not from the branch")
            #expect(try await repository.recoverLeftovers().map(\.advice) == [expected])
            #expect(try await fixture.shell("cat src/notes.md", in: addition.folder) == "thoughts")
        }
    }

    @Test func linkThatWasMadeAndNotWrittenIsRemoved() async throws {
        try await withRepository { fixture, folder in
            try await fixture.shell(
                """
                mkdir -p .git/hooks; printf '#!/bin/sh\\ncp -r \(folder)/repository/.git/tmux-agent/making \\
                    \(folder)/kept\\n' >.git/hooks/post-checkout; chmod +x .git/hooks/post-checkout
                """)
            let repository = try await fixture.open()
            let addition = try await repository.addWorktree(try fixture.request("work"))
            try await fixture.shell(
                """
                mv kept/* repository/.git/tmux-agent/making; rm repository/.git/worktrees/work/index
                rm -r trees/work; mkdir trees/work
                : >trees/work/.git
                """, in: folder)
            #expect(try await repository.recoverLeftovers().map(\.advice) == [.remove])
            #expect(!Files.exists(addition.folder))
            #expect(try await repository.leftovers().isEmpty)
        }
    }

    @Test func lockOfABranchInTheMakingIsRemovedAndNobodyElses() async throws {
        try await withRepository { fixture, folder in
            try await fixture.shell(
                """
                mkdir -p .git/hooks; printf '#!/bin/sh\\ncp -r \(folder)/repository/.git/tmux-agent/making \\
                    \(folder)/kept\\n' >.git/hooks/post-checkout; chmod +x .git/hooks/post-checkout
                """)
            let repository = try await fixture.open()
            try await repository.undo(try await repository.addWorktree(try fixture.request("work")))
            try await fixture.shell("rm .git/hooks/post-checkout")
            // As after a kill between the lock of the branch and the branch.
            let leave = "cp kept/* repository/.git/tmux-agent/making; : >repository/.git/refs/heads/work.lock"
            try await fixture.shell(
                "\(leave); touch -d '1 hour ago' repository/.git/refs/heads/work.lock", in: folder)
            await #expect(throws: GitError.self) {
                try await repository.addWorktree(try fixture.request("work"))
            }
            try await fixture.shell(leave, in: folder)
            let addition = try await repository.addWorktree(try fixture.request("work"))
            #expect(addition.createdBranch)
            #expect(!Files.exists(fixture.folder.appending(".git/refs/heads/work.lock")))
        }
    }

    /// The process really is killed, from inside git, at three places of the making.
    @Test(arguments: ["reset", "smudge", "post-checkout"])
    func killedProcessLeavesWhatTheNextCallHandles(place: String) async throws {
        try await withRepository { fixture, folder in
            let path = fixture.folder.string
            await #expect(processExitsWith: .signal(9)) { [path = path as String, place] in
                let fixture = GitFixture(folder: FilePath(path))
                let folder = fixture.folder.removingLastComponent()
                let kill = "kill -9 \(getpid()); exit 1"
                var changed = fixture
                switch place {
                case "reset":
                    changed = try await fixture.withPrograms(
                        ["git": "case \"$*\" in *reset*) \(kill);; esac; exec /usr/bin/git \"$@\""],
                        in: folder)
                case "smudge":
                    try await fixture.git("config", "filter.k.smudge", kill)
                    try await fixture.git("config", "filter.k.required", "true")
                    try await fixture.shell("mkdir -p .git/info; echo 'b.txt filter=k' >.git/info/attributes")
                default:
                    try await fixture.shell(
                        "mkdir -p .git/hooks; echo \"#!/bin/sh\n$KILL\" >.git/hooks/post-checkout; "
                            + "chmod +x .git/hooks/post-checkout", adding: ["KILL": kill])
                }
                _ = try await changed.open().addWorktree(try changed.request("a/b"))
            }
            try await fixture.shell(
                "rm -rf .git/hooks .git/info; git config --remove-section filter.k || true")
            let repository = try await fixture.open()
            #expect(try await repository.leftovers().count == 1)
            let addition = try await repository.addWorktree(try fixture.request("a/b"))
            #expect(addition.createdBranch)
            #expect(try await repository.leftovers().isEmpty)
            #expect(try await repository.status(of: addition.folder)?.isClean == true)
        }
    }
}
