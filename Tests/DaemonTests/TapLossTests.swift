import Core
import ProcessKit
import Store
import SystemPackage
import TestSupport
import Testing

/// Somebody cuts, removes or moves the taps while the daemon runs.
@Suite(.timeLimit(.minutes(2)))
struct TapLossTests {
    /// Reports each line that it gets as a stage.
    private static let agent =
        #"while read -r line; do printf '### SENTRY {"type":"STATUS","stage":"%s"}\n' "$line"; done"# + "\n"

    enum Loss: String, CaseIterable { case cut, halved, removed, replaced, folderRemoved, folderMoved }

    @Test(arguments: Loss.allCases)
    func laterMarkersCountOnceAndTheGapIsWrittenDown(_ loss: Loss) async throws {
        try await withFleet(agent: { try $0.script("a.sh", Self.agent) }) { fleet in
            let daemon = try fleet.daemon()
            try await daemon.ready()
            try await fleet.run("spawn", "p1")
            try await fleet.run("send", "p1", "before")
            #expect(try await stages(fleet, ["before"]), "\(daemon.output)")
            let tap = try #require(try await fleet.store().agents().first?.tap)
            for round in 1...2 {
                let gaps = try await gaps(fleet)
                try await lose(loss, tap, fleet, round)
                // tmux and the daemon tell nobody; a pipe is armed anew within the ten seconds of a sweep.
                let isNoted = try await eventually(within: .seconds(20)) {
                    // Of a file in the tap's place two things are said: that it begins anew, and when the pipe does.
                    try await self.gaps(fleet) >= gaps + (loss == .replaced ? 2 : 1) && Files.exists(tap)
                }
                #expect(isNoted, "\(daemon.output)")
                try await fleet.run("send", "p1", "after-\(round)")
                let wanted = ["before"] + (1...round).map { "after-\($0)" }
                #expect(try await stages(fleet, wanted), "\(daemon.output)")
            }
            let holds = await daemon.stop() == 0
            #expect(holds, "\(daemon.output)")
        }
    }

    /// What was read counted, and what was printed since counts, once.
    @Test(arguments: [": >\"$1\"", "truncate -s $(($(stat -c %s \"$1\") / 2)) \"$1\""])
    func aTapThatChangedWhileNobodyReadIsNotTakenForTheOldOne(_ change: String) async throws {
        try await withFleet(agent: { try $0.script("a.sh", Self.agent) }) { fleet in
            let first = try fleet.daemon()
            try await first.ready()
            try await fleet.run("spawn", "p1")
            let known = ["before-1", "before-2"]
            for word in known { try await fleet.run("send", "p1", word) }
            #expect(try await stages(fleet, known), "\(first.output)")
            let tap = try #require(try await fleet.store().agents().first?.tap)
            let isStopped = await first.stop() == 0
            #expect(isStopped, "\(first.output)")
            let result = try await CommandRunner().run(
                Command("/bin/sh", ["-c", change, "sh", tap.string], environment: fleet.environment))
            #expect(result.isSuccess, "\(result.errorText)")
            // More than was there before, so that the length says nothing.
            let later = (1...3).map { "after-\($0)" }
            for word in later { try await fleet.run("send", "p1", word) }
            // The agent answers in its own time.
            let isPrinted = try await eventually(within: .seconds(20)) {
                text(of: tap)?.contains("\"stage\":\"after-3\"}\r\n") == true
            }
            #expect(isPrinted)
            let second = try fleet.daemon()
            try await second.ready()
            try await fleet.run("send", "p1", "last")
            let isRead = try await eventually(within: .seconds(20)) {
                try await self.found(fleet).contains("last")
            }
            #expect(isRead, "\(second.output)")
            let found = try await found(fleet)
            #expect(found == known + later + ["last"])
            #expect(try await gaps(fleet) == 1)
            let holds = await second.stop() == 0
            #expect(holds, "\(second.output)")
        }
    }

    private func lose(_ loss: Loss, _ tap: FilePath, _ fleet: FleetFixture, _ round: Int) async throws {
        let shell: String
        switch loss {
        case .cut: shell = ": >'\(tap)'"
        case .halved: shell = "truncate -s $(($(stat -c %s '\(tap)') / 2)) '\(tap)'"
        case .removed: shell = "rm '\(tap)'"
        case .replaced: shell = "printf 'another file\\n' >'\(tap).new' && mv '\(tap).new' '\(tap)'"
        case .folderRemoved: shell = "rm -r '\(fleet.logs)'"
        case .folderMoved: shell = "mv '\(fleet.logs)' '\(fleet.logs)-\(round)'"
        }
        let result = try await CommandRunner().run(
            Command("/bin/sh", ["-c", shell], environment: fleet.environment))
        #expect(result.isSuccess, "\(result.errorText)")
    }

    private func gaps(_ fleet: FleetFixture) async throws -> Int {
        try await fleet.journal().count { $0.kind == .tapGap }
    }

    /// Whether exactly these were reported.
    private func stages(_ fleet: FleetFixture, _ wanted: [String]) async throws -> Bool {
        // The daemon writes to the database; nobody tells this process.
        guard try await eventually(within: .seconds(20), { try await found(fleet).count >= wanted.count })
        else { return false }
        return try await found(fleet) == wanted
    }

    private func found(_ fleet: FleetFixture) async throws -> [String] {
        try await fleet.journal().filter { $0.kind == .marker }.compactMap {
            $0.payload["marker"]?.object?["stage"]?.string
        }
    }
}
