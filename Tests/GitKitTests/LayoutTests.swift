import GitKit
import Glibc
import SystemPackage
import TestSupport
import Testing

@Suite(.timeLimit(.minutes(1)))
struct LayoutTests {
    @Test(arguments: Road.allCases)
    func everyFolderOfACheckoutLeadsToTheSameRepository(road: Road) async throws {
        try await withRepository(objectFormat: road.rawValue) { fixture, folder in
            let layout = try await fixture.open(fixture.folder.appending("src")).layout
            #expect(layout.topLevel == fixture.folder)
            #expect(layout.gitDirectory == fixture.folder.appending(".git"))
            #expect(layout.mainWorktree == fixture.folder)
            #expect(!layout.isBare && !layout.isLinkedWorktree)
            #expect(layout.objectFormat.rawValue == road.rawValue)
            #expect((layout.engine == .libgit2) == (road == .libgit2))

            try await fixture.git("worktree", "add", "-q", "../linked")
            let linked = try await fixture.open(folder.appending("linked")).layout
            #expect(linked.topLevel == folder.appending("linked"))
            #expect(linked.commonDirectory == layout.commonDirectory)
            #expect(linked.gitDirectory == layout.commonDirectory.pushing("worktrees/linked"))
            #expect(linked.mainWorktree == fixture.folder)
            #expect(linked.isLinkedWorktree)

            let inside = try await fixture.open(fixture.folder.appending(".git")).layout
            #expect(inside.topLevel == nil)
            #expect(inside.mainWorktree == fixture.folder)
        }
    }

    @Test(arguments: Road.allCases)
    func bareRepositoryHasNoMainCheckoutAlsoSeenFromALinkedOne(road: Road) async throws {
        try await withRepository(objectFormat: road.rawValue) { fixture, folder in
            let bare = folder.appending("bare.git")
            try await fixture.git("clone", "-q", "--bare", ".", bare.string)
            let layout = try await fixture.open(bare).layout
            #expect(layout.isBare)
            #expect(layout.topLevel == nil)
            try await fixture.git(
                "worktree", "add", "-q", folder.appending("linked").string, "main", in: bare)
            let linked = try await fixture.open(folder.appending("linked")).layout
            #expect(linked.isBare)
            #expect(linked.topLevel == folder.appending("linked"))
        }
    }

    @Test func repositoryVariablesOfAHookLeadNowhereElse() async throws {
        try await withRepository { fixture, folder in
            let other = try await GitFixture.plain(at: folder.appending("other"), objectFormat: "sha256")
            var environment = other.environment
            environment["GIT_DIR"] = fixture.folder.appending(".git").string
            environment["GIT_WORK_TREE"] = fixture.folder.string
            environment["GIT_INDEX_FILE"] = "/nonexistent/index"
            let repository = try await GitRepository.open(at: other.folder, environment: environment)
            #expect(repository.layout.topLevel == other.folder)
            #expect(try await repository.status(of: other.folder)?.isClean == true)
        }
    }

    @Test func folderOutsideEveryRepositorySaysSo() async throws {
        try await withTemporaryFolder { folder in
            let error = await #expect(throws: GitError.notARepository(folder)) {
                try await GitRepository.open(at: folder, environment: GitFixture.environment)
            }
            #expect(error?.hint?.contains("git init") == true)
            await #expect(throws: GitError.self) {
                try await GitRepository.open(
                    at: folder.appending("missing"), environment: GitFixture.environment)
            }
        }
    }

    /// Only root can give a repository to somebody else.
    @Test(.enabled(if: getuid() == 0))
    func repositoryOfAnotherUserIsNotUsed() async throws {
        try await withRepository { fixture, _ in
            try await fixture.shell("chown -R 12345 .")
            let error = await #expect(throws: GitError.foreignOwner(fixture.folder)) {
                try await fixture.open()
            }
            #expect(error?.hint?.contains("safe.directory") == true)
        }
    }

    @Test func reasonForMakingEntriesByGitIsSaid() async throws {
        try await withRepository { fixture, _ in
            #expect(try await fixture.open().layout.binaryEntryReason == nil)
            try await fixture.git("config", "extensions.worktreeConfig", "true")
            #expect(try await fixture.open().layout.binaryEntryReason != nil)
            try await fixture.git("config", "--unset", "extensions.worktreeConfig")
            try await fixture.git("config", "core.sparseCheckout", "true")
            #expect(try await fixture.open().layout.binaryEntryReason == .sparseCheckout)
        }
    }

    @Test func submoduleIsARepositoryOfItsOwn() async throws {
        try await withRepository { fixture, folder in
            let outer = try await GitFixture.plain(at: folder.appending("outer"))
            try await outer.git("submodule", "--quiet", "add", fixture.folder.string, "sub")
            let layout = try await outer.open(outer.folder.appending("sub")).layout
            #expect(layout.topLevel == outer.folder.appending("sub"))
            #expect(layout.mainWorktree == outer.folder.appending("sub"))
            #expect(layout.commonDirectory == outer.folder.pushing(".git/modules/sub"))
        }
    }
}
