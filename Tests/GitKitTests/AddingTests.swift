import Core
import GitKit
import SystemPackage
import TestSupport
import Testing

@Suite(.timeLimit(.minutes(1)))
struct AddingTests {
    /// A repository and the folder to start from.
    enum Kind: String, CaseIterable, Sendable {
        case plain, sha256, bare, linked, detached, worktreeConfig, sparseCone, sparsePatterns, partialClone
        case partialSparse, submodule, filter
    }

    /// Makes the repository of a kind around a plain one and returns the checkout to open.
    private func make(_ kind: Kind, _ plain: GitFixture, _ folder: FilePath) async throws -> GitFixture {
        let other = GitFixture(folder: folder.appending("other"))
        switch kind {
        case .plain, .sha256: break
        case .bare:
            try await plain.git("clone", "-q", "--bare", ".", other.folder.string)
            return other
        case .linked:
            try await plain.git("worktree", "add", "-q", "-b", "side", other.folder.string)
            return other
        case .detached: try await plain.git("checkout", "-q", "--detach")
        case .worktreeConfig:
            try await plain.shell(
                "git config extensions.worktreeConfig true; git config --worktree core.bigFileThreshold 1m")
        case .sparseCone: try await plain.git("sparse-checkout", "set", "--cone", "src")
        case .sparsePatterns: try await plain.git("sparse-checkout", "set", "--no-cone", "/*", "!/docs")
        case .partialClone, .partialSparse:
            try await plain.shell(
                "git config uploadpack.allowFilter true; git config uploadpack.allowAnySHA1InWant true")
            try await plain.git(
                "clone", "-q", "--filter=blob:none", "--no-checkout", "file://\(plain.folder)",
                other.folder.string)
            if kind == .partialSparse { try await other.git("sparse-checkout", "set", "--cone", "src") }
            try await other.git("checkout", "-q", "main")
            return other
        case .submodule:
            try await plain.git("clone", "-q", ".", other.folder.string)
            try await plain.shell(
                "git -c protocol.file.allow=always submodule --quiet add ../other sub; git commit -qm Sub")
        case .filter:
            try await plain.shell(
                """
                git config filter.up.clean 'tr A-Z a-z'; git config filter.up.smudge 'tr a-z A-Z'
                git config filter.up.required true
                echo '*.txt filter=up' >.gitattributes; git add .; git commit -qm Filter
                """)
        }
        return plain
    }

    @Test(arguments: Kind.allCases)
    func treeIsFilledAsGitItselfWouldFillIt(kind: Kind) async throws {
        try await withRepository(objectFormat: kind == .sha256 ? "sha256" : "sha1") { plain, folder in
            let fixture = try await make(kind, plain, folder)
            let repository = try await fixture.open()
            let addition = try await repository.addWorktree(try fixture.request("feature/one"))
            #expect(addition.createdBranch)

            // Git's own worktree is what ours is compared with.
            let theirs = folder.appending("theirs")
            try await fixture.git("worktree", "add", "-q", "-b", "theirs", theirs.string)
            let listing = "find . -name .git -prune -o -type f -print -exec cat {} + | sort; git ls-files -t"
            let ours = try await fixture.shell(listing, in: addition.folder)
            #expect(try await ours == fixture.shell(listing, in: theirs))
            #expect(ours.contains("src/a.txt"))
            #expect(
                ours.contains("docs/guide.md") == !(ours.contains("S docs/guide.md")) || kind == .sparseCone
                    || kind == .sparsePatterns || kind == .partialSparse)
            for setting in ["core.sparseCheckout", "core.sparseCheckoutCone", "core.bigFileThreshold"] {
                let ask = "git config --get \(setting) || true"
                #expect(
                    try await fixture.shell(ask, in: addition.folder) == fixture.shell(ask, in: theirs))
            }
            #expect(try await repository.status(of: addition.folder)?.isClean == true)
            #expect(try await fixture.git("branch", "--show-current", in: addition.folder) == "feature/one")
            // libgit2's own way of writing would point a copy of the repository at the original.
            let entry = repository.layout.commonDirectory.pushing("worktrees").appending(addition.entry)
            #expect(try await fixture.shell("cat commondir", in: entry) == "../..")

            let listed = try await repository.worktrees().first { $0.path == addition.folder }
            #expect(listed?.branch == addition.branch)
            #expect(listed?.name == addition.entry)
            #expect(try await repository.leftovers().isEmpty)
            try await fixture.git("fsck", "--no-dangling", "--connectivity-only")
        }
    }

    @Test(arguments: Road.allCases)
    func undoLeavesNoTrace(road: Road) async throws {
        try await withRepository(objectFormat: road.rawValue) { fixture, folder in
            let repository = try await fixture.open()
            let before = try await fixture.trace()
            let addition = try await repository.addWorktree(try fixture.request("a/b"))
            #expect(addition.createdParents == [folder.appending("trees")])
            try await fixture.shell("echo x >new; mkdir -p ro/x; chmod 500 ro", in: addition.folder)
            try await repository.undo(addition)
            #expect(try await fixture.trace() == before)
            #expect(try await fixture.shell("ls ..") == "repository")
        }
    }

    @Test(arguments: Road.allCases)
    func undoKeepsABranchThatGotCommits(road: Road) async throws {
        try await withRepository(objectFormat: road.rawValue) { fixture, _ in
            let repository = try await fixture.open()
            let addition = try await repository.addWorktree(try fixture.request("work"))
            try await fixture.git("commit", "-q", "--allow-empty", "-m", "Precious", in: addition.folder)
            let tip = CommitID(try await fixture.git("rev-parse", "work"))
            await #expect(
                throws: GitError.branchMoved(addition.branch, expected: addition.commit, found: tip)
            ) { try await repository.undo(addition) }
            #expect(try await fixture.git("rev-parse", "work") == tip?.rawValue)
            #expect(try await fixture.shell("ls ..") == "repository")
        }
    }

    @Test(arguments: Road.allCases)
    func branchComesFromABaseFromHereOrFromARemote(road: Road) async throws {
        try await withRepository(objectFormat: road.rawValue) { origin, folder in
            try await origin.git("branch", "theirs", "HEAD~1")
            let fixture = GitFixture(folder: folder.appending("clone"))
            try await origin.git("clone", "-q", ".", fixture.folder.string)
            try await fixture.git("branch", "mine", "HEAD~1")
            let repository = try await fixture.open()
            let first = try await repository.resolve("HEAD~1")

            let mine = try await repository.addWorktree(try fixture.request("mine"))
            #expect(!mine.createdBranch && mine.commit == first)
            let theirs = try await repository.addWorktree(try fixture.request("theirs"))
            #expect(theirs.createdBranch && theirs.trackedRemote == "origin" && theirs.commit == first)
            #expect(try await fixture.upstream(of: "theirs") == "refs/remotes/origin/theirs")
            let based = try await repository.addWorktree(
                try fixture.request("based", .new(base: "origin/theirs")))
            #expect(based.createdBranch && based.commit == first)
            #expect(try await fixture.upstream(of: "based") == "")

            let before = try await fixture.trace()
            let refusals: [(String, BranchSource, GitError)] = [
                ("based", .new(base: nil), .branchCheckedOut(based.branch, at: based.folder)),
                ("none", .existing, .branchNotFound(try BranchName("none"))),
                ("new", .new(base: "no/such"), .revisionNotFound("no/such")),
                ("new", .tracking(remote: "origin"), .revisionNotFound("origin/new")),
                (
                    "main", .automatic(base: nil),
                    .branchCheckedOut(try BranchName("main"), at: fixture.folder)
                ),
                (
                    "mine/x", .automatic(base: nil),
                    .branchConflict(try BranchName("mine/x"), with: mine.branch)
                ),
            ]
            for (name, source, error) in refusals {
                await #expect(throws: error) {
                    try await repository.addWorktree(try fixture.request(name, source))
                }
                #expect(error.hint?.isEmpty == false)
            }
            #expect(try await fixture.trace() == before)
        }
    }

    @Test(arguments: Road.allCases)
    func unbornHeadRefusesButAnotherBaseWorks(road: Road) async throws {
        try await withRepository(objectFormat: road.rawValue) { fixture, _ in
            try await fixture.git("checkout", "-q", "--orphan", "fresh")
            let repository = try await fixture.open()
            let before = try await fixture.trace()
            await #expect(throws: GitError.noCommits(branch: "fresh")) {
                try await repository.addWorktree(try fixture.request("work"))
            }
            #expect(try await fixture.trace() == before)
            let addition = try await repository.addWorktree(try fixture.request("work", .new(base: "main")))
            #expect(addition.createdBranch)
        }
    }

    @Test func takenFolderAndFoldersInsideGitAreRefused() async throws {
        try await withRepository { fixture, folder in
            let repository = try await fixture.open()
            try await fixture.shell("mkdir -p ../trees/work; echo mine >../trees/work/file")
            var request = try fixture.request("work")
            await #expect(throws: GitError.pathExists(request.folder)) {
                try await repository.addWorktree(request)
            }
            #expect(try await fixture.shell("cat ../trees/work/file") == "mine")
            let file = request.folder.appending("file")
            request.folder = file.appending("tree")
            await #expect(throws: GitError.pathExists(file)) { try await repository.addWorktree(request) }
            request.folder = fixture.folder.pushing(".git/inside")
            await #expect(throws: GitError.self) { try await repository.addWorktree(request) }
            #expect(try await fixture.git("branch", "--list", "work") == "")
        }
    }

    @Test(arguments: Road.allCases)
    func entryOfAFolderDeletedByHandDoesNotStandInTheWay(road: Road) async throws {
        try await withRepository(objectFormat: road.rawValue) { fixture, _ in
            let repository = try await fixture.open()
            let first = try await repository.addWorktree(try fixture.request("work"))
            removeTree(first.folder)
            #expect(try await repository.worktrees().last?.isPrunable == true)
            let second = try await repository.addWorktree(try fixture.request("work"))
            #expect(!second.createdBranch && second.folder == first.folder)
            #expect(try await repository.worktrees().count == 2)
        }
    }

    @Test func namesThatMakeOneSlugGetTwoEntries() async throws {
        try await withRepository { fixture, folder in
            let repository = try await fixture.open()
            _ = try await repository.addWorktree(try fixture.request("feature/a"))
            var request = try fixture.request("feature-a")
            request.folder = folder.pushing("trees/feature-a-2")
            let second = try await repository.addWorktree(request)
            #expect(second.entry == "feature-a-2")
        }
    }

    @Test(arguments: Road.allCases)
    func postCheckoutHookRunsAsForGitsOwnWorktree(road: Road) async throws {
        try await withRepository(objectFormat: road.rawValue) { fixture, folder in
            try await fixture.shell(
                """
                mkdir -p .git/hooks
                printf '#!/bin/sh\\necho "$@" "$(pwd)" "${GIT_DIR-none}" >../../hook\\nexit 3\\n' \\
                    >.git/hooks/post-checkout
                chmod +x .git/hooks/post-checkout
                """)
            let repository = try await fixture.open()
            let addition = try await repository.addWorktree(try fixture.request("work"))
            #expect(addition.hookStatus == 3)
            let zero = repository.layout.objectFormat.zero
            #expect(
                try await fixture.shell("cat ../hook")
                    == "\(zero) \(addition.commit) 1 \(addition.folder) none")
        }
    }
}
