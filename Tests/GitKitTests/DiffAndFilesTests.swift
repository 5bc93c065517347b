import Core
import GitKit
import SystemPackage
import TestSupport
import Testing

@Suite(.timeLimit(.minutes(1)))
struct DiffAndFilesTests {
    @Test(arguments: Road.allCases)
    func diffsOfEachScope(road: Road) async throws {
        try await withRepository(objectFormat: road.rawValue) { fixture, _ in
            let repository = try await fixture.open()
            let made = try await repository.addWorktree(try fixture.request("work"))
            try await fixture.shell("echo later >>src/b.txt; git commit -qam Later")
            try await fixture.shell(
                "echo one >>README; git commit -qam One; echo two >>src/a.txt", in: made.folder)
            func diff(_ options: DiffOptions) async throws -> String {
                String(
                    decoding: try await repository.diff(made.folder, base: "main", options: options),
                    as: UTF8.self)
            }
            let all = try await diff(DiffOptions())
            // What main did since is not the branch's.
            #expect(all.contains("+one") && all.contains("+two") && !all.contains("later"))
            let committed = try await diff(DiffOptions(scope: .committed))
            #expect(committed.contains("+one") && !committed.contains("+two"))
            let uncommitted = try await diff(DiffOptions(scope: .uncommitted))
            #expect(!uncommitted.contains("+one") && uncommitted.contains("+two"))
            #expect(try await diff(DiffOptions(isColored: true)).contains("\u{1b}[32m+"))
            #expect(try await !diff(DiffOptions(paths: ["README"])).contains("+two"))
            let stat = try await repository.diffStat(made.folder, base: "main")
            #expect((stat.files, stat.insertions, stat.deletions) == (2, 2, 0))

            let command = try await repository.diffCommand(made.folder, base: "main")
            #expect(command.arguments.prefix(3) == ["git", "--paginate", "diff"])
            #expect(command.environment["GIT_DIR"] == nil)
            let chinese = try await GitRepository.open(
                at: fixture.folder, environment: fixture.environment.merging(["LC_ALL": "zh_CN.UTF-8"]) { $1 }
            )
            let own = try await chinese.diffCommand(made.folder, base: "main")
            #expect(own.environment["LC_ALL"] == "zh_CN.UTF-8")
            let shown = try await fixture.git(
                command.arguments[2], command.arguments[3], "--", "README", in: made.folder)
            #expect(shown == "")
        }
    }

    @Test func ignoredFilesMatchPatternsAndNothingElseDoes() async throws {
        try await withRepository { fixture, folder in
            try await fixture.shell(
                """
                printf '.env*\\nnode_modules/\\n/local\\n*.key\\ntrees/\\n' >.gitignore
                printf '# with the code\\n/local\\n' >.worktreeinclude
                git add .; git commit -qm Ignore
                touch .env .env.test src/.env secret.key plain.env 'local'
                mkdir -p node_modules/a; touch node_modules/a/x; echo tracked >.env.shared; git add -f .env.shared
                ln -s /etc/hostname .env.link; ln -s README .env.inside
                """)
            let repository = try await fixture.open()
            let found = try await repository.ignoredFiles(matching: [".env*", "node_modules", "plain.env"])
            #expect(
                found.paths.sorted() == [
                    ".env", ".env.inside", ".env.test", "local", "node_modules/", "src/.env",
                ])
            #expect(found.refused == [".env.link"])
            #expect(try await repository.ignoredFiles(matching: []).paths == ["local"])
            #expect(
                try await repository.ignoredFiles(matching: [".env*", "!src/.env"]).paths.contains("src/.env")
                    == false)

            let ignored = try await repository.ignored(of: [
                "x/y/.env.local", "trees/", ".env.shared", "README",
            ])
            #expect(ignored == ["x/y/.env.local", "trees/"])
        }
    }

    @Test func pathsThatLeadOutAreRefused() async throws {
        try await withRepository { fixture, folder in
            try await fixture.shell("ln -s / out; ln -s src in")
            let repository = try await fixture.open()
            #expect(try await repository.relativePath("src/../docs/new") == "docs/new")
            #expect(try await repository.relativePath("in/a.txt") == "src/a.txt")
            #expect(try await repository.relativePath(fixture.folder.appending("x")) == "x")
            for path: FilePath in ["../x", "/etc", "out/etc", "src/../../x", "out"] {
                await #expect(throws: GitError.pathOutside(path, root: fixture.folder)) {
                    try await repository.relativePath(path)
                }
            }
        }
    }

    @Test func fleetIDIsMadeOnceAndACopyIsKnown() async throws {
        try await withRepository { fixture, folder in
            let ids = try await withThrowingTaskGroup(of: StoredFleetID.self) { group in
                for number in 0..<8 {
                    group.addTask {
                        try await fixture.open().readOrCreateFleetID { FleetID("fleet-\(number)") }
                    }
                }
                return try await group.reduce(into: []) { $0.append($1) }
            }
            let first = try #require(ids.first)
            #expect(ids.count == 8 && ids.allSatisfy { $0 == first })
            guard case .own(let id) = first else {
                Issue.record("\(first)")
                return
            }
            #expect(try await fixture.shell("ls .git/tmux-agent; stat -c %a .git/tmux-agent") == "id\n700")

            try await fixture.shell("cp -r . ../copy")
            let copy = try await fixture.open(folder.appending("copy"))
            let original = fixture.folder.appending(".git")
            #expect(try await copy.fleetID() == .foreign(id, from: original))
            #expect(try await copy.readOrCreateFleetID { FleetID("new") } == .foreign(id, from: original))
            try await copy.replaceFleetID(with: FleetID("new"))
            #expect(try await copy.fleetID() == .own(FleetID("new")))
            #expect(try await fixture.open().fleetID() == .own(id))
        }
    }

    @Test func worktreesAreListedWithTheirState() async throws {
        try await withRepository { fixture, folder in
            try await fixture.shell(
                """
                git worktree add -q ../one; git worktree add -q --detach ../two; git worktree add -q ../three
                git worktree lock --reason 'a reason' ../one; rm -r ../three
                mkdir .git/worktrees/broken
                """)
            let repository = try await fixture.open()
            let tip = try await repository.resolve("HEAD")
            let list = try await repository.worktrees()
            #expect(list.map(\.name) == [nil, "one", "three", "two"])
            #expect(list.map(\.isMain) == [true, false, false, false])
            #expect(list.map(\.isPrunable) == [false, false, true, false])
            #expect(list.map(\.lockReason) == [nil, "a reason", nil, nil])
            #expect(list[0].head == .branch(try BranchName("main"), tip))
            #expect(list[3].head == .detached(tip))
            #expect(list[1].path == folder.appending("one"))
            #expect(try await repository.leftovers().map(\.entry) == ["broken"])
            _ = try await repository.recoverLeftovers()
            #expect(try await repository.leftovers().isEmpty)
            #expect(try await repository.worktrees() == list)
        }
    }
}
