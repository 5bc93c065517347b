import Core
import Glibc
import ProcessKit
import SystemPackage
import TestSupport
import Testing

/// The database cannot be written for a while: everything waits, is said, and goes on where it stood.
@Suite(.timeLimit(.minutes(2)))
struct DatabaseTroubleTests {
    private let storm = MarkerStorm(branches: ["p1", "p2"], ticks: 5)

    @Test(arguments: ["full", "read-only"])
    func whatCannotBeWrittenWaits(_ trouble: String) async throws {
        try await withFleet(policy: MarkerStorm.policy, agent: storm.agent) { fleet in
            try await withOwnDaemon(fleet) { context in
                try await storm.begin(fleet)
                // Written by the actions' own processes.
                let isUnderWay = try await eventually(within: .seconds(20)) { storm.done(fleet).count > 1 }
                #expect(isUnderWay)
                for _ in 0..<2 {
                    let pages = try await context.pages
                    try await context.pragma(
                        trouble == "full" ? "max_page_count = \(pages)" : "query_only = 1")
                    let isSaid = try await eventually(within: .seconds(20)) {
                        try await fleet.run("status").text.contains("does not work  database: ")
                    }
                    #expect(isSaid)
                    let status = try await fleet.run("status", "--json").text
                    #expect(
                        status.contains(#""troubles":["database: "#) || status.contains(#""troubles": ["#),
                        "\(status)")
                    try await context.pragma(
                        trouble == "full" ? "max_page_count = 1000000" : "query_only = 0")
                    let isOver = try await eventually(within: .seconds(20)) {
                        try await !fleet.run("status").text.contains("does not work")
                    }
                    #expect(isOver)
                }
                let isDone = try await storm.finish(fleet)
                #expect(isDone)
                try await storm.check(fleet)
            }
        }
    }

    @Test func aFolderInItsPlaceIsSaidAndNothingIsLost() async throws {
        try await withFleet(policy: MarkerStorm.policy, agent: storm.agent) { fleet in
            let daemon = try fleet.daemon()
            try await daemon.ready()
            try await storm.begin(fleet)
            // Written by the actions' own processes.
            let isUnderWay = try await eventually(within: .seconds(20)) { storm.done(fleet).count > 1 }
            #expect(isUnderWay)
            let parts = ["", "-wal", "-shm"].map { fleet.database.string + $0 }
            for part in parts { #expect(rename(part, part + ".aside") == 0) }
            #expect(mkdir(fleet.database.string, 0o700) == 0)
            let ended = await daemon.status()
            #expect(ended == 78)
            let refused = try fleet.daemon()
            let refusal = await refused.status()
            #expect(refusal == 78)
            #expect(refused.output.contains("it is a folder"), "\(refused.output)")
            let status = try await fleet.run("status", fails: true)
            #expect(status.errorText.contains("it is a folder"))
            #expect(rmdir(fleet.database.string) == 0)
            for part in parts { #expect(rename(part + ".aside", part) == 0) }
            let next = try fleet.daemon()
            try await next.ready()
            let isDone = try await storm.finish(fleet)
            #expect(isDone, "\(next.output)")
            try await storm.check(fleet)
            let holds = await next.stop() == 0
            #expect(holds)
        }
    }
}
