import Core
import GitKit
import SystemPackage
import TestSupport
import Testing

@Suite(.timeLimit(.minutes(1)))
struct BranchTests {
    @Test(arguments: Road.allCases)
    func headIsUnbornOnABranchOrDetached(road: Road) async throws {
        try await withRepository(objectFormat: road.rawValue) { fixture, folder in
            let repository = try await fixture.open()
            let tip = try #require(CommitID(try await fixture.git("rev-parse", "HEAD")))
            #expect(try await repository.head() == .branch(try BranchName("main"), tip))
            try await fixture.git("checkout", "-q", "--detach")
            #expect(try await repository.head() == .detached(tip))
            try await fixture.git("checkout", "-q", "--orphan", "fresh/start")
            #expect(try await repository.head() == .unborn(branch: "fresh/start"))
        }
    }

    @Test(arguments: Road.allCases)
    func revisionsResolveToCommits(road: Road) async throws {
        try await withRepository(objectFormat: road.rawValue) { fixture, _ in
            let repository = try await fixture.open()
            try await fixture.git("tag", "-a", "-m", "x", "v1", "HEAD~1")
            let first = CommitID(try await fixture.git("rev-parse", "HEAD~1"))
            for text in ["HEAD~1", "main^", "v1", "refs/tags/v1", String(first?.rawValue.prefix(12) ?? "")] {
                #expect(try await repository.resolve(text) == first)
            }
            for text in ["nope", "", "-x", "--all", "HEAD:README", "main..v1", "a\0b"] {
                await #expect(throws: GitError.revisionNotFound(text)) { try await repository.resolve(text) }
            }
        }
    }

    @Test(arguments: Road.allCases)
    func branchIsFoundHereOrOnItsRemoteButNeverSplit(road: Road) async throws {
        try await withRepository(objectFormat: road.rawValue) { fixture, folder in
            // A remote named as the first part of a branch, with odd refspecs; and a second remote.
            try await fixture.git("branch", "feature")
            try await fixture.git("branch", "user/feature")
            let clone = GitFixture(folder: folder.appending("clone"))
            try await fixture.git("clone", "-q", "--origin", "user", ".", clone.folder.string)
            let repository = try await clone.open()
            let tip = try #require(CommitID(try await clone.git("rev-parse", "HEAD")))

            let own = RemoteBranch(
                remote: "user", trackingReference: "refs/remotes/user/feature", commit: tip)
            #expect(try await repository.lookUp(BranchName("feature")).place == .remoteTracking([own]))
            let slashed = RemoteBranch(
                remote: "user", trackingReference: "refs/remotes/user/user/feature", commit: tip)
            #expect(
                try await repository.lookUp(BranchName("user/feature")).place == .remoteTracking([slashed]))
            #expect(try await repository.lookUp(BranchName("user/main/x")).place == .absent)
            #expect(try await repository.lookUp(BranchName("user/main/x")).obstacles == [])
            let tracking = try await repository.lookUp(BranchName("user/main"))
            #expect(tracking.place == .absent)
            #expect(tracking.obstacles == [.remoteName(of: .init(remote: "user", branch: "main"))])
            #expect(try await repository.lookUp(BranchName("main")).place == .local(tip))

            try await clone.git("remote", "add", "other", fixture.folder.string)
            try await clone.git(
                "config", "--replace-all", "remote.other.fetch", "+refs/heads/feature:refs/watched/feature")
            try await clone.git("fetch", "-q", "other")
            let both = try await repository.lookUp(BranchName("feature"))
            let other = RemoteBranch(
                remote: "other", trackingReference: "refs/watched/feature", commit: tip)
            #expect(both.place == .remoteTracking([own, other]))
            await #expect(
                throws: GitError.branchOnSeveralRemotes(
                    try BranchName("feature"), remotes: ["user", "other"])
            ) { try await repository.addWorktree(try clone.request("feature")) }
        }
    }

    @Test(arguments: Road.allCases)
    func obstaclesToABranchAreNamed(road: Road) async throws {
        try await withRepository(objectFormat: road.rawValue) { fixture, folder in
            let repository = try await fixture.open()
            try await fixture.git("branch", "a/b")
            try await fixture.git("branch", "Mixed")
            func obstacles(_ name: String) async throws -> [BranchLookup.Obstacle] {
                try await repository.lookUp(BranchName(name)).obstacles
            }
            #expect(try await obstacles("a") == [.conflict(with: BranchName("a/b"))])
            #expect(try await obstacles("a/b/c") == [.conflict(with: BranchName("a/b"))])
            #expect(try await obstacles("a/bc") == [])
            #expect(try await obstacles("mixed") == [])
            #expect(try await obstacles("main") == [.checkedOut(at: fixture.folder)])
            try await fixture.git("worktree", "add", "-q", "../linked", "Mixed")
            #expect(try await obstacles("Mixed") == [.checkedOut(at: folder.appending("linked"))])
            try await fixture.git("config", "core.ignorecase", "true")
            #expect(try await obstacles("mixed") == [.caseTwin(of: BranchName("Mixed"))])
            #expect(try await obstacles("A/x") == [])
            #expect(try await obstacles("A") == [.conflict(with: BranchName("a/b"))])
        }
    }

    @Test func branchOfARebaseInProgressIsTaken() async throws {
        try await withRepository { fixture, folder in
            let tree = folder.appending("linked")
            try await fixture.git("worktree", "add", "-q", "-b", "work", tree.string, "HEAD~1")
            try await fixture.shell("echo other >docs; git add docs; git commit -qm clash", in: tree)
            _ = try? await fixture.git("rebase", "-q", "main", in: tree)
            let lookup = try await fixture.open().lookUp(BranchName("work"))
            #expect(lookup.obstacles == [.checkedOut(at: tree)])
        }
    }

    @Test(arguments: Road.allCases)
    func historyQuestionsAreAnswered(road: Road) async throws {
        try await withRepository(objectFormat: road.rawValue) { fixture, _ in
            try await fixture.shell(
                """
                git checkout -q -b work; echo 1 >one; git add .; git commit -qm 'One: 1'
                git checkout -q main; echo 2 >two; git add .; git commit -qm 'Two'
                """)
            let repository = try await fixture.open()
            let (work, main) = (try BranchName("work"), try BranchName("main"))
            #expect(try await repository.aheadBehind(work, of: "main") == AheadBehind(ahead: 1, behind: 1))
            let all = try await repository.aheadBehind([work, main, BranchName("none")], of: "main")
            #expect(all == [work: AheadBehind(ahead: 1, behind: 1), main: AheadBehind(ahead: 0, behind: 0)])
            #expect(try await !repository.isMerged(work, into: "main"))
            let commits = try await repository.commits(between: "main", and: "work")
            #expect(commits.total == 1)
            #expect(commits.newest.first?.subject == "One: 1")
            #expect(commits.newest.first?.author == "Ada")

            try await fixture.git("merge", "-q", "-m", "Merge", "work")
            #expect(try await repository.isMerged(work, into: "main"))
            let merge = try await repository.changes(in: repository.resolve("main"))
            #expect(merge == [FileChange(kind: .added, path: "one")])
            await #expect(throws: GitError.branchNotFound(try BranchName("none"))) {
                try await repository.isMerged(BranchName("none"), into: "main")
            }
        }
    }

    @Test func changesOfACommitAreKindsAndWholePaths() async throws {
        try await withRepository { fixture, _ in
            try await fixture.shell(
                """
                git mv src/a.txt 'src/ü b.txt'; echo more >>README; git rm -q docs/guide.md
                git commit -qam change
                """)
            let repository = try await fixture.open()
            let changes = try await repository.changes(in: repository.resolve("HEAD"))
            #expect(
                changes.sorted { $0.path < $1.path } == [
                    FileChange(kind: .modified, path: "README"),
                    FileChange(kind: .deleted, path: "docs/guide.md"),
                    FileChange(kind: .deleted, path: "src/a.txt"),
                    FileChange(kind: .added, path: "src/ü b.txt"),
                ])
            let root = try await repository.changes(in: repository.resolve("HEAD~2"))
            #expect(root.count == 3)
        }
    }
}
