import Core
import GitKit
import Glibc
import SystemPackage
import TestSupport
import Testing

@Suite(.timeLimit(.minutes(1)))
struct RemovingTests {
    private func withWorktree(
        _ road: Road = .libgit2,
        _ body: (GitFixture, GitRepository, WorktreeAddition) async throws -> Void
    ) async throws {
        try await withRepository(objectFormat: road.rawValue) { fixture, _ in
            let repository = try await fixture.open()
            let addition = try await repository.addWorktree(try fixture.request("feature/work"))
            try await body(fixture, repository, addition)
        }
    }

    private func losses(_ repository: GitRepository, _ made: WorktreeAddition, keepsBranch: Bool = false)
        async throws -> [RemovalProof.Loss]
    {
        try await repository.removalProof(
            worktree: made.folder, branch: made.branch, base: "main", keepsBranch: keepsBranch
        ).losses
    }

    @Test(arguments: Road.allCases)
    func untouchedWorktreeIsRemovedInSteps(road: Road) async throws {
        try await withWorktree(road) { fixture, repository, made in
            let proof = try await repository.removalProof(
                worktree: made.folder, branch: made.branch, base: "main")
            #expect(proof.isSafe && proof.commit == made.commit)
            let away = try await repository.renameAway(made.folder)
            let parent = made.folder.removingLastComponent()
            #expect(await repository.removedFolders(in: parent) == [away])
            try await repository.deleteTree(away)
            #expect(await repository.removedFolders(in: parent) == [])
            try await repository.pruneEntry(made.entry)
            try await repository.deleteBranch(made.branch, expecting: made.commit)
            #expect(try await repository.worktrees().count == 1)
            #expect(try await fixture.git("branch", "--list") == "* main")
            #expect(try await fixture.shell("ls -A ../trees") == "")
            #expect(try await fixture.shell("ls .git/worktrees 2>/dev/null || echo none") == "none")
        }
    }

    @Test func everyKindOfWorkIsALoss() async throws {
        try await withWorktree { fixture, repository, made in
            try await fixture.shell(
                """
                printf '*.log\\nbuild/\\n' >.gitignore; git add .gitignore
                echo more >>README; echo new >'a new file'; mkdir build; touch build/x y.log
                """, in: made.folder)
            let proof = try await repository.removalProof(
                worktree: made.folder, branch: made.branch, base: "main")
            #expect(
                proof.losses == [.uncommitted([".gitignore", "README"]), .untracked(["a new file"])])
            #expect(proof.ignored.sorted() == ["build/", "y.log"])

            try await fixture.shell("git add -A; git commit -qm 'Mine: all'", in: made.folder)
            let losses = try await losses(repository, made)
            guard case .commits(let newest, 1) = losses.first else {
                Issue.record("\(losses)")
                return
            }
            #expect(newest.map(\.subject) == ["Mine: all"])
            #expect(try await self.losses(repository, made, keepsBranch: true).isEmpty)

            // On a remote it is not lost, and merged it is not lost.
            try await fixture.shell(
                "git clone -q --bare . ../o.git; git remote add o ../o.git; git fetch -q o",
                in: fixture.folder)
            #expect(try await self.losses(repository, made).isEmpty)
            try await fixture.shell("git remote remove o; git merge -q feature/work")
            #expect(try await self.losses(repository, made).isEmpty)
        }
    }

    @Test func locksOperationsConflictsAndStashesAreLosses() async throws {
        try await withWorktree { fixture, repository, made in
            try await fixture.git("worktree", "lock", "--reason", "on a stick", made.folder.string)
            #expect(try await losses(repository, made) == [.locked(reason: "on a stick")])
            try await fixture.git("worktree", "unlock", made.folder.string)

            try await fixture.shell("echo stashed >>README; git stash -q", in: made.folder)
            guard case .stashes(let entries) = try await losses(repository, made).first else {
                Issue.record("no stash")
                return
            }
            #expect(entries.count == 1 && entries[0].hasPrefix("stash@{0}: WIP on feature/work: "))
            try await fixture.git("stash", "drop", "-q")

            try await fixture.shell("echo main >>README; git commit -qam Main")
            try await fixture.shell(
                "echo work >>README; git commit -qam Work; git merge -q main >/dev/null || true",
                in: made.folder)
            let found = try await losses(repository, made)
            #expect(found.contains(.inProgress(.merge)))
            #expect(found.contains(.conflicted(["README"])))
        }
    }

    @Test(arguments: Road.allCases)
    func commitsOnADetachedHeadAreALoss(road: Road) async throws {
        try await withWorktree(road) { fixture, repository, made in
            try await fixture.shell(
                "git checkout -q --detach; git commit -q --allow-empty -m Loose", in: made.folder)
            let found = try await losses(repository, made)
            guard case .commits(let newest, 1) = found.first else {
                Issue.record("\(found)")
                return
            }
            #expect(newest.map(\.subject) == ["Loose"])
        }
    }

    @Test func workInsideASubmoduleIsALoss() async throws {
        try await withWorktree { fixture, repository, made in
            let library = try await GitFixture.plain(
                at: fixture.folder.removingLastComponent().appending("library"))
            try await fixture.git(
                "submodule", "--quiet", "add", library.folder.string, "sub", in: made.folder)
            try await fixture.git("commit", "-qm", "Sub", in: made.folder)
            try await fixture.git("merge", "-q", "feature/work")
            #expect(try await losses(repository, made).isEmpty)
            let sub = made.folder.appending("sub")
            try await fixture.shell("git checkout -q -b idea; git commit -q --allow-empty -m x", in: sub)
            try await fixture.shell("git checkout -q main", in: sub)
            #expect(try await losses(repository, made) == [.submodules(["sub"])])
            try await fixture.shell("git branch -qD idea; echo x >>README", in: sub)
            #expect(
                try await losses(repository, made) == [.uncommitted(["sub"]), .submodules(["sub"])])
        }
    }

    @Test(arguments: Road.allCases)
    func stepsRefuseWhatWasNotProved(road: Road) async throws {
        try await withWorktree(road) { fixture, repository, made in
            await #expect(throws: GitError.branchCheckedOut(made.branch, at: made.folder)) {
                try await repository.deleteBranch(made.branch, expecting: made.commit)
            }
            await #expect(throws: GitError.pathExists(made.folder)) {
                try await repository.pruneEntry(made.entry)
            }
            await #expect(throws: GitError.worktreeNotFound(fixture.folder.string)) {
                try await repository.renameAway(fixture.folder)
            }
            await #expect(throws: GitError.self) { try await repository.deleteTree(made.folder) }
            #expect(try await fixture.shell("cat README", in: made.folder) == "read me")

            try await fixture.git("commit", "-q", "--allow-empty", "-m", "Late", in: made.folder)
            let tip = try await repository.resolve("feature/work")
            let away = try await repository.renameAway(made.folder)
            try await repository.deleteTree(away)
            try await repository.pruneEntry(made.entry)
            await #expect(
                throws: GitError.branchMoved(made.branch, expected: made.commit, found: tip)
            ) { try await repository.deleteBranch(made.branch, expecting: made.commit) }
            #expect(try await repository.resolve("feature/work") == tip)
        }
    }

    @Test func statusCountsAndGivesUpInTime() async throws {
        try await withWorktree { fixture, repository, made in
            try await fixture.shell(
                """
                echo 1 >>README; git add README; echo 2 >>README; rm src/a.txt; touch 'n 1' n2; mkdir d; touch d/x
                """, in: made.folder)
            var expected = WorkingTreeStatus()
            (expected.staged, expected.changed, expected.untracked) = (1, 2, 3)
            #expect(try await repository.status(of: made.folder) == expected)
            try await fixture.git("config", "core.fsmonitor", "sleep 20; false", in: made.folder)
            #expect(try await repository.status(of: made.folder, within: .milliseconds(200)) == nil)
        }
    }
}
