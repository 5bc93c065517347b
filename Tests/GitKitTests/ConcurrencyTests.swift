import Core
import GitKit
import Glibc
import SystemPackage
import TestSupport
import Testing

@Suite(.timeLimit(.minutes(1)))
struct ConcurrencyTests {
    /// Also branches that follow a remote, as those write to the one settings file of the repository.
    private func origin(_ plain: GitFixture, _ folder: FilePath) async throws -> GitFixture {
        for number in 0..<8 { try await plain.git("branch", "work/\(number)", "HEAD~1") }
        let clone = GitFixture(folder: folder.appending("clone"))
        try await plain.git("clone", "-q", ".", clone.folder.string)
        return clone
    }

    private func check(_ fixture: GitFixture) async throws {
        let repository = try await fixture.open()
        let list = try await repository.worktrees()
        #expect(list.count == 9)
        for tree in list.dropFirst() {
            #expect(try await repository.status(of: tree.path)?.isClean == true)
            let branch = try #require(tree.branch)
            #expect(try await fixture.upstream(of: branch.rawValue) == "refs/remotes/origin/\(branch)")
        }
        #expect(try await repository.leftovers().isEmpty)
        #expect(try await fixture.shell("find .git -name '*.lock'") == "")
    }

    @Test(arguments: Road.allCases)
    func eightAtOnceInOneProcessAllSucceed(road: Road) async throws {
        try await withRepository(objectFormat: road.rawValue) { plain, folder in
            let fixture = try await origin(plain, folder)
            try await withThrowingTaskGroup(of: Void.self) { group in
                for number in 0..<8 {
                    group.addTask {
                        _ = try await fixture.open().addWorktree(try fixture.request("work/\(number)"))
                    }
                }
                try await group.waitForAll()
            }
            try await check(fixture)
        }
    }

    @Test func eightProcessesAtOnceAllSucceed() async throws {
        try await withRepository { plain, folder in
            let fixture = try await origin(plain, folder)
            let path = fixture.folder.string
            try await withThrowingTaskGroup(of: Void.self) { group in
                for number in 0..<8 {
                    group.addTask {
                        await #expect(processExitsWith: .success) {
                            [path = path as String, number = number as Int] in
                            let fixture = GitFixture(folder: FilePath(path))
                            _ = try await fixture.open().addWorktree(try fixture.request("work/\(number)"))
                        }
                    }
                }
                try await group.waitForAll()
            }
            try await check(fixture)
        }
    }

    @Test func lockIsWaitedForAndNamesItsHolder() async throws {
        try await withRepository { fixture, _ in
            let repository = try await fixture.open()
            let lock = try await RepositoryLock.acquire(for: repository.layout)
            let path = repository.layout.ownFolder.appending("lock")
            await #expect(throws: GitError.lockTimeout(path, holder: getpid())) {
                try await RepositoryLock.acquire(for: repository.layout, timeout: .milliseconds(20))
            }
            // Whoever holds it can do several steps.
            let made = try await repository.addWorktree(try fixture.request("a"), holding: lock)
            try await repository.undo(made, holding: lock)
            #expect(lock.isHeld)
            lock.release()
            try await RepositoryLock.acquire(for: repository.layout, timeout: .zero).release()
        }
    }

    @Test func childrenDoNotInheritTheLock() async throws {
        try await withRepository { fixture, _ in
            let repository = try await fixture.open()
            let lock = try await RepositoryLock.acquire(for: repository.layout)
            let seen = try await fixture.shell("ls -l /proc/self/fd | grep -c tmux-agent/lock || true")
            #expect(seen == "0")
            lock.release()
        }
    }

    /// While somebody else commits, fetches and looks all the time.
    @Test func gitCommandsOfOthersDoNotDisturb() async throws {
        try await withRepository { fixture, folder in
            let done = folder.appending("done").string
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask {
                    try await fixture.shell(
                        "while [ ! -e \(done) ]; do git config some.key $$; git commit -q --allow-empty -m x; done"
                    )
                }
                group.addTask {
                    let repository = try await fixture.open()
                    for number in 0..<6 {
                        let made = try await repository.addWorktree(try fixture.request("w\(number)"))
                        if number % 2 == 0 { try await repository.undo(made) }
                    }
                    try await fixture.shell("touch \(done)")
                }
                try await group.waitForAll()
            }
            #expect(try await fixture.open().worktrees().count == 4)
        }
    }
}
