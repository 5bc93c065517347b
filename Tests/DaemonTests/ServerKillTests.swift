import Core
import Glibc
import ProcessKit
import Store
import SystemPackage
import TestSupport
import Testing

/// The tmux server dies in the middle of everything.
@Suite(.timeLimit(.minutes(LongTests.choose(2, long: 20))))
struct ServerKillTests {
    @Test func nothingIsTypedTwiceOrIntoAnotherServersPanes() async throws {
        for round in 0..<LongTests.choose(1, long: 20) { try await killServer(inRound: round) }
    }

    private func killServer(inRound round: Int) async throws {
        let storm = MarkerStorm(branches: ["p1", "p2", "p3"], ticks: 50, pause: "0.02")
        try await withFleet(policy: MarkerStorm.policy, agent: storm.agent) { fleet in
            let daemon = try fleet.daemon()
            try await daemon.ready()
            try await storm.begin(fleet)
            let store = try fleet.store()
            // Actions write files, the daemon writes to the database; nobody tells this process.
            let isUnderWay = try await eventually(within: .seconds(30)) {
                storm.done(fleet).count > 3 + round
            }
            #expect(isUnderWay, "\(daemon.output)")
            let server = try #require(
                Int32(try await fleet.tmux("display-message", "-p", "#{pid}").text.trimmingSuffixNewline))
            #expect(kill(server, SIGKILL) == 0)
            // A new server at the same place, whose panes have the same numbers.
            let isNew = try await eventually {
                try await fleet.tmux("new-session", "-d", "-s", "user1", "cat >>\"$HOME/foreign-1\"")
                    .isSuccess
            }
            #expect(isNew)
            for number in 2...3 {
                try await fleet.tmux(
                    "new-session", "-d", "-s", "user\(number)", "cat >>\"$HOME/foreign-\(number)\"")
            }
            let areGone = try await eventually(within: .seconds(20)) {
                try await store.agents().allSatisfy { $0.condition.state == .gone }
            }
            #expect(areGone, "\(daemon.output)")
            let before = typed(storm, fleet)
            for branch in storm.branches { try await fleet.run("spawn", branch) }
            let goesOn = try await eventually(within: .seconds(30)) {
                zip(typed(storm, fleet), before).allSatisfy { $0 > $1 }
            }
            #expect(goesOn, "\(daemon.output)")
            let holds = await daemon.stop() == 0
            #expect(holds)
            try await check(storm, fleet, store)
        }
    }

    private func typed(_ storm: MarkerStorm, _ fleet: FleetFixture) -> [Int] {
        storm.branches.map {
            (text(of: fleet.folder.appending("typed-\($0)")) ?? "").split(separator: "\n").count
        }
    }

    private func check(_ storm: MarkerStorm, _ fleet: FleetFixture, _ store: FleetStore) async throws {
        for number in 1...3 { #expect(text(of: fleet.folder.appending("foreign-\(number)")) ?? "" == "") }
        let panes = try await fleet.tmux("list-panes", "-a", "-F", "#{session_name} #{pane_pipe}").text
        for number in 1...3 { #expect(panes.contains("user\(number) 0\n")) }
        let done = storm.done(fleet)
        #expect(Set(done).count == done.count)
        let journal = try await store.journal(after: 0, limit: 100_000)
        let ended = journal.filter { $0.kind == .actionEnded }.compactMap { $0.payload["item"]?.string }
        #expect(Set(ended).count == ended.count)
        // Each order is typed once at most: a line that the dying agent did not read any more is missing.
        let orders = try await store.startedTypings()
        for (branch, count) in zip(storm.branches, typed(storm, fleet)) {
            let agent = try await store.agent(named: branch)
            #expect(count <= orders[agent.subject.key] ?? 0, "\(branch)")
        }
        let markers = journal.filter { $0.kind == .marker }.map {
            "\($0.subject.key) \($0.payload["marker"]?.object?["pid"]?.integer ?? 0) \($0.payload["marker"]?.object?["n"]?.integer ?? 0)"
        }
        #expect(Set(markers).count == markers.count)
        // What the daemon had read when it ended counted, also what a dying agent printed.
        for agent in try await store.agents() {
            let tap = try #require(agent.tap)
            let end = try #require(try await store.tapPosition(of: agent.subject)?.offset)
            let read = String(decoding: try Files.read(tap, from: 0, limit: Int(end)), as: UTF8.self)
            let printed = read.matches(of: /### SENTRY \{"type":"[A-Z]+","n":(\d+),"pid":(\d+)\}\r\n/).map {
                "\(agent.subject.key) \($0.output.2) \($0.output.1)"
            }
            #expect(!printed.isEmpty)
            #expect(Set(printed).subtracting(markers).isEmpty)
        }
    }
}

extension FleetStore {
    /// Orders to type that were begun, by subject.
    fileprivate func startedTypings() async throws -> [String: Int] {
        var counts: [String: Int] = [:]
        for agent in try await agents() {
            counts[agent.subject.key] = try await typedTexts(to: agent.subject, limit: 100_000).texts.count
        }
        return counts
    }
}
