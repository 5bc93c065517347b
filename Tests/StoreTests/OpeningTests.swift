import Core
import GRDB
import Glibc
import ProcessKit
import SystemPackage
import TestSupport
import Testing

@testable import Store

@Suite(.timeLimit(.minutes(1)))
struct OpeningTests {
    @Test func fileAndFolderAreClosedToOthers() async throws {
        try await withFile { path in
            let store = try Store.open(path: path, role: .daemon, now: noon)
            try await register(store.fleet(shop))
            #expect(mode(path) == 0o600)
            #expect(mode(FilePath(path.string + "-wal")) == 0o600)
            #expect(mode(path.removingLastComponent()) == 0o700)
            try store.close()
        }
    }

    @Test func openFileOfOursIsClosedToOthers() async throws {
        try await withFile { path in
            try Store.open(path: path, role: .command, now: noon).close()
            chmod(path.string, 0o644)
            try Store.open(path: path, role: .command, now: noon).close()
            #expect(mode(path) == 0o600)
        }
    }

    @Test func connectionsAreSetUpAsPromised() async throws {
        try await withFile { path in
            for role in [Store.Role.daemon, .command] {
                let store = try Store.open(path: path, role: role, now: noon)
                let settings = try await store.writer.write { db in
                    try ["journal_mode", "synchronous", "foreign_keys", "wal_autocheckpoint", "busy_timeout"]
                        .map {
                            try String.fetchOne(db, sql: "PRAGMA \($0)")
                        }
                }
                #expect(settings == ["wal", "1", "1", role == .daemon ? "1000" : "0", "5000"])
                try store.close()
            }
        }
    }

    @Test func commandsLeaveTheLogAsItIs() async throws {
        try await withFile { path in
            let log = FilePath(path.string + "-wal")
            let store = try Store.open(path: path, role: .command, now: noon)
            try await register(store.fleet(shop))
            let before = size(log)
            let database = size(path)
            try store.close()
            #expect(before > 100_000)
            #expect(size(log) == before)
            #expect(size(path) == database)
            let again = try Store.open(path: path, role: .command, now: noon)
            #expect(try await again.fleet(shop).registration()?.name == "shop")
            try again.close()
        }
    }

    @Test func logStaysTheSameFileForThoseWhoWatchIt() async throws {
        try await withFile { path in
            let log = FilePath(path.string + "-wal")
            var files: [ino_t] = []
            for role in [Store.Role.daemon, .command, .daemon] {
                let store = try Store.open(path: path, role: role, now: noon)
                try await register(store.fleet(shop))
                _ = try await store.fleet(shop).emit(
                    JournalDraft(subject: .mainCheckout, kind: .emit, source: "emit"), at: noon)
                try store.close()
                var info = stat()
                #expect(stat(log.string, &info) == 0)
                files.append(info.st_ino)
            }
            #expect(Set(files).count == 1)
        }
    }

    @Test func logThatGrewWithoutADaemonIsMovedIntoTheDatabase() async throws {
        try await withFile { path in
            let store = try Store.open(path: path, role: .command, now: noon)
            try await register(store.fleet(shop))
            var step = WatchStep()
            for number in 0..<10 {
                step.keyframe = StoredKeyframe(
                    offset: Int64(number), state: [UInt8](repeating: UInt8(number), count: 2 << 20))
                try await store.fleet(shop).commit(step, for: .mainCheckout, at: noon)
            }
            try store.close()
            let before = size(path)
            try Store.open(path: path, role: .command, now: noon).close()
            #expect(size(path) > before)
        }
    }

    @Test func newerDatabaseIsRefusedWithAHint() async throws {
        try await withFile { path in
            try Store.open(path: path, role: .command, now: noon).close()
            let result = try await sqlite3(path, "INSERT INTO grdb_migrations VALUES ('999-future')")
            #expect(result.isSuccess)
            let error = #expect(throws: StoreError.databaseTooNew(path: path)) {
                try Store.open(path: path, role: .command, now: noon)
            }
            #expect(error?.hint?.contains("Upgrade") == true)
            #expect(error?.exitStatus == .unusableSettings)
        }
    }

    @Test func pythonDatabaseIsMovedAsideAndSaid() async throws {
        try await withTemporaryFolder { folder in
            let path = folder.appending("state.db")
            let python = """
                CREATE TABLE pane_offsets (host TEXT, pane_id TEXT, offset INTEGER);
                CREATE TABLE stage_state (host TEXT, stage TEXT);
                CREATE TABLE approval_tokens (token TEXT);
                INSERT INTO pane_offsets VALUES ('local', '%1', 7);
                """
            for name in ["state.db.python-2026-01-01", "state.db.python-2026-01-01-2"] {
                #expect(try await sqlite3(path, python).isSuccess)
                let store = try Store.open(path: path, role: .command, now: noon)
                let aside = folder.appending(name)
                #expect(store.notices == [.pythonDatabaseMovedAside(to: aside)])
                try await register(store.fleet(shop))
                try store.close()
                #expect(try await sqlite3(aside, "SELECT offset FROM pane_offsets").text == "7\n")
                for suffix in ["", "-wal", "-shm"] { unlink(path.string + suffix) }
            }
        }
    }

    @Test func databaseOfAnotherProgramIsLeftAlone() async throws {
        try await withTemporaryFolder { folder in
            let path = folder.appending("state.db")
            let made = try await sqlite3(path, "CREATE TABLE song (name TEXT)")
            #expect(made.isSuccess)
            #expect(throws: StoreError.notOurs(path: path)) {
                try Store.open(path: path, role: .command, now: noon)
            }
            #expect(try await sqlite3(path, ".tables").text.contains("song"))
        }
    }

    @Test func damagedFileIsSaidToBeDamaged() async throws {
        try await withTemporaryFolder { folder in
            let path = folder.appending("state.db")
            let file = try FileDescriptor.open(
                path, .writeOnly, options: [.create], permissions: [.ownerReadWrite])
            try file.writeAll(Array(String(repeating: "this is no database ", count: 500).utf8))
            try file.close()
            let error = #expect(throws: StoreError.self) {
                try Store.open(path: path, role: .command, now: noon)
            }
            #expect(error?.code == "database_corrupt")
        }
    }

    @Test func folderInPlaceOfTheFileIsSaid() async throws {
        try await withTemporaryFolder { folder in
            let path = folder.appending("state.db")
            mkdir(path.string, 0o700)
            #expect(throws: StoreError.cannotOpen(path: path, reason: "it is a folder")) {
                try Store.open(path: path, role: .daemon, now: noon)
            }
        }
    }

    @Test func fileInPlaceOfTheFolderIsSaid() async throws {
        try await withTemporaryFolder { folder in
            let file = folder.appending("home")
            try FileDescriptor.open(file, .writeOnly, options: [.create], permissions: [.ownerReadWrite])
                .close()
            let path = file.appending("state.db")
            #expect(throws: StoreError.cannotOpen(path: path, reason: "\(file) is not a folder")) {
                try Store.open(path: path, role: .daemon, now: noon)
            }
        }
    }

    @Test func linkToNothingIsNotFollowed() async throws {
        try await withTemporaryFolder { folder in
            let path = folder.appending("state.db")
            let target = folder.appending("elsewhere")
            symlink(target.string, path.string)
            #expect(throws: StoreError.cannotOpen(path: path, reason: "it is a symbolic link to nothing")) {
                try Store.open(path: path, role: .daemon, now: noon)
            }
            #expect(access(target.string, F_OK) != 0)
        }
    }

    @Test func fullDatabaseKeepsWhatItHasAndSaysSo() async throws {
        try await withFleet(.file) { fleet in
            try await fleet.store.writer.writeWithoutTransaction { db in
                let pages = try Int.fetchOne(db, sql: "PRAGMA page_count") ?? 0
                try db.execute(sql: "PRAGMA max_page_count = \(pages + 4)")
            }
            var step = WatchStep()
            step.tap = TapAdvance(from: 0, to: 10, size: ScreenSize(columns: 80, rows: 24))
            step.keyframe = StoredKeyframe(offset: 10, state: [UInt8](repeating: 1, count: 100_000))
            let refused = step
            await #expect(throws: StoreError.full(path: fleet.store.path)) {
                try await fleet.commit(refused, for: .mainCheckout, at: noon)
            }
            #expect(try await fleet.tapPosition(of: .mainCheckout) == nil)
            step.keyframe = nil
            try await fleet.commit(step, for: .mainCheckout, at: noon)
            #expect(try await fleet.tapPosition(of: .mainCheckout)?.offset == 10)
        }
    }

    @Test func connectionThatMayNotWriteSaysSo() async throws {
        try await withFleet(.file) { fleet in
            try await fleet.store.writer.writeWithoutTransaction { db in
                try db.execute(sql: "PRAGMA query_only = 1")
            }
            await #expect(throws: StoreError.readOnly(path: fleet.store.path)) {
                try await fleet.insert(agent(), at: noon)
            }
        }
    }

    @Test func lockedDatabaseSaysSo() async throws {
        try await withFile { path in
            let store = try Store.open(path: path, role: .command, now: noon)
            try await register(store.fleet(shop))
            try await store.writer.writeWithoutTransaction { db in
                try db.execute(sql: "PRAGMA busy_timeout = 20")
            }
            var configuration = Configuration()
            configuration.allowsUnsafeTransactions = true
            let other = try DatabaseQueue(path: path.string, configuration: configuration)
            try await other.writeWithoutTransaction { db in try db.beginTransaction(.immediate) }
            await #expect(throws: StoreError.locked(path: path)) {
                try await store.fleet(shop).insert(agent(), at: noon)
            }
            try await other.writeWithoutTransaction { db in try db.rollback() }
            try await store.fleet(shop).insert(agent(), at: noon)
            try other.close()
            try store.close()
        }
    }

    @Test func manyThatOpenANewDatabaseAtOnceAllSucceed() async throws {
        // Several rounds, because the moment in which two of them migrate is short.
        for _ in 0..<8 {
            try await withFile { path in
                try await withThrowingTaskGroup(of: Void.self) { group in
                    for number in 0..<4 {
                        group.addTask { @concurrent in
                            let role: Store.Role = number == 0 ? .daemon : .command
                            let store = try Store.open(path: path, role: role, now: noon)
                            try await register(store.fleet(shop))
                            try store.close()
                        }
                    }
                    try await group.waitForAll()
                }
                let count = try await sqlite3(path, "SELECT count(*) FROM fleet")
                #expect(count.text == "1\n")
                // sqlite3 was the last to leave and took the log with it: the next ones make it again.
                try await withThrowingTaskGroup(of: Void.self) { group in
                    for _ in 0..<4 {
                        group.addTask { @concurrent in
                            try Store.open(path: path, role: .command, now: noon).close()
                        }
                    }
                    try await group.waitForAll()
                }
            }
        }
    }

    private func mode(_ path: FilePath) -> mode_t {
        var info = stat()
        return stat(path.string, &info) == 0 ? info.st_mode & 0o777 : 0
    }

    private func size(_ path: FilePath) -> Int {
        var info = stat()
        return stat(path.string, &info) == 0 ? Int(info.st_size) : -1
    }
}
