import Glibc
import ProcessKit
import SystemPackage
import TestSupport
import Testing

@Suite(.timeLimit(.minutes(1)))
struct FileEventsTests {
    /// A user has 128 instances of inotify by default.
    @Test func thousandsListenAndEachHearsOfItsOwnFolder() async throws {
        try await withTemporaryFolder { root in
            var listeners: [FileEvents] = []
            let folders = (0..<10).map { root.appending("\($0)") }
            for folder in folders { try Files.makeFolder(folder, mode: 0o700) }
            for number in 0..<2000 {
                let events = FileEvents()
                try events.watch(folders[number % 10])
                listeners.append(events)
            }
            try Files.write("news", to: folders[3].appending("x"))
            for (number, events) in listeners.enumerated() where number % 10 == 3 {
                for await _ in events.wakes { break }
                #expect(events.takeChanges().allSatisfy { $0.folder == folders[3] })
            }
            #expect(listeners.enumerated().allSatisfy { $0 % 10 == 3 || $1.takeChanges().isEmpty })
        }
    }

    @Test func whoLetsGoLeavesTheOthersListening() async throws {
        try await withTemporaryFolder { folder in
            let kept = FileEvents()
            try kept.watch(folder)
            do {
                let other = FileEvents()
                try other.watch(folder)
                try other.watch(folder.appending(".."))
            }
            try Files.write("news", to: folder.appending("x"))
            #expect(try await eventually { kept.takeChanges().contains { $0.name == "x" } })
            // The last one is gone: a later listener begins anew.
            do {
                let last = FileEvents()
                try last.watch(folder)
            }
            try Files.write("more", to: folder.appending("y"))
            #expect(try await eventually { kept.takeChanges().contains { $0.name == "y" } })
        }
    }

    @Test func aFolderThatComesBackIsHeardAgain() async throws {
        try await withTemporaryFolder { root in
            let folder = root.appending("logs")
            try Files.makeFolder(folder, mode: 0o700)
            let events = FileEvents()
            try events.watch(folder)
            #expect(rmdir(folder.string) == 0)
            for await _ in events.wakes { break }
            #expect(try await eventually { events.takeChanges().contains { $0.name == nil } })
            try Files.makeFolder(folder, mode: 0o700)
            try events.watch(folder)
            try Files.write("news", to: folder.appending("x"))
            #expect(try await eventually { events.takeChanges().contains { $0.name == "x" } })
        }
    }

    @Test func aFolderThatIsNotThereIsRefused() {
        #expect(throws: Errno.noSuchFileOrDirectory) {
            try FileEvents().watch("/nowhere/at/all")
        }
    }
}
