import Core
import GitKit
import SystemPackage
import TestSupport
import Testing

@Suite(.timeLimit(.minutes(1)))
struct RescueTests {
    private let time = Timestamp(milliseconds: 1_772_353_800_250)

    /// Every file of the tree is in the commit, and nothing that the agent sees has changed.
    @Test(arguments: Road.allCases)
    func workingTreeIsKeptAsItIs(road: Road) async throws {
        try await withRepository(objectFormat: road.rawValue) { fixture, folder in
            let repository = try await fixture.open()
            let made = try await repository.addWorktree(try fixture.request("feature/work"))
            try await fixture.shell(
                """
                mkdir -p ../../repository/.git/hooks
                for hook in pre-commit post-commit reference-transaction post-index-change; do
                    printf '#!/bin/sh\\necho ran >>"%s"\\n' "$PWD/../../hooks-ran" \\
                        >../../repository/.git/hooks/$hook
                    chmod +x ../../repository/.git/hooks/$hook
                done
                git config core.hooksPath /nonexistent
                printf '*.log\\nbuild/\\n' >.gitignore; echo staged >staged; git add staged .gitignore
                echo 'and more' >>staged; echo more >>README; rm src/a.txt; echo 'ü' >'new ü'; mkdir build
                touch build/x y.log; ln -s README link; printf 'x\\r\\n' >crlf; chmod +x src/b.txt
                git init -q inner; cd inner; git commit -q --allow-empty -m Inner; cd ..
                mkdir deep; touch deep/file; git init -q deep/empty
                git config --unset core.hooksPath
                """, in: made.folder)
            let look =
                "export GIT_OPTIONAL_LOCKS=0; git status --porcelain=v1 --ignored; git rev-parse HEAD; git ls-files -s; git stash list"
            let before = try await fixture.shell(look, in: made.folder)
            let rescue = try await repository.rescue(
                worktree: made.folder, branch: made.branch, slug: Slug(made.branch), at: time)

            #expect(rescue.reference == "refs/tmux-agent/rescue/feature-work/20260301T083000.250Z")
            #expect(rescue.ignoredNotKept.sorted() == ["build/", "deep/empty/", "inner/", "y.log"])
            #expect(try await fixture.shell(look, in: made.folder) == before)
            #expect(try await fixture.shell("cat ../hooks-ran 2>/dev/null || echo none") == "none")
            #expect(try await fixture.git("rev-parse", rescue.reference) == rescue.commit.rawValue)
            #expect(try await fixture.git("rev-parse", "\(rescue.reference)^") == made.commit.rawValue)

            // Checked out elsewhere, it is file for file what the worktree was.
            try await fixture.shell("rm .git/hooks/*")
            try await fixture.git("worktree", "add", "-q", "--detach", "../back", rescue.reference)
            let listing =
                "find . -name .git -prune -o -path ./inner -prune -o -path ./deep/empty -prune -o -name '*.log' -o -path ./build -prune "
                + "-o ! -type d -print | sort | while read -r f; do ls -l \"$f\" | cut -c1-10; echo \"$f\"; cat \"$f\"; done"
            #expect(
                try await fixture.shell(listing, in: folder.appending("back"))
                    == fixture.shell(listing, in: made.folder))
            #expect(try await fixture.shell("cat staged", in: folder.appending("back")) == "staged\nand more")
        }
    }

    @Test func unbornHeadIsRescuedWithoutAParent() async throws {
        try await withRepository { fixture, _ in
            try await fixture.shell("git checkout -q --orphan fresh; git rm -rfq .; echo one >one")
            let repository = try await fixture.open()
            let rescue = try await repository.rescue(
                worktree: fixture.folder, branch: nil, slug: try Slug(BranchName("fresh")), at: time)
            #expect(try await fixture.git("rev-list", "--count", rescue.reference) == "1")
            #expect(try await fixture.git("ls-tree", "--name-only", rescue.reference) == "one")
            #expect(try await repository.head() == .unborn(branch: "fresh"))
        }
    }

    @Test func conflictIsKeptWithItsMarks() async throws {
        try await withRepository { fixture, _ in
            try await fixture.shell(
                """
                git checkout -q -b work; echo work >README; git commit -qam Work
                git checkout -q main; echo main >README; git commit -qam Main
                git merge work >/dev/null || true
                """)
            let repository = try await fixture.open()
            let rescue = try await repository.rescue(
                worktree: fixture.folder, branch: BranchName("main"), slug: Slug(BranchName("main")), at: time
            )
            let text = try await fixture.git("show", "\(rescue.reference):README")
            #expect(text.contains("<<<<<<<") && text.contains("work") && text.contains("main"))
            #expect(try await repository.status(of: fixture.folder)?.conflicted == 1)
        }
    }

    @Test func sparseTreeKeepsItsUnseenFilesAndWhatIsReallyThere() async throws {
        try await withRepository { fixture, _ in
            try await fixture.git("sparse-checkout", "set", "--cone", "src")
            try await fixture.shell("echo new >src/new; mkdir -p docs; echo out >docs/outside")
            let repository = try await fixture.open()
            let rescue = try await repository.rescue(
                worktree: fixture.folder, branch: nil, slug: Slug(BranchName("main")), at: time)
            let files = try await fixture.git("ls-tree", "-r", "--name-only", rescue.reference)
            #expect(
                files.split(separator: "\n") == [
                    "README", "docs/guide.md", "docs/outside", "src/a.txt", "src/b.txt", "src/new",
                ])
        }
    }
}
