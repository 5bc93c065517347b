import Core
import Fleet
import ProcessKit
import Store
import SystemPackage
import TestSupport
import Testing

@Suite(.timeLimit(.minutes(1)))
struct RetentionTests {
    private static let policy = """
        pipelines:
          - name: once
            match: { any_of: [ { branch: "p1", checkout: agent } ] }
            stages:
              - name: first
                actions_on_start: [ { shell: 'echo ran >>"$HOME/ran"' } ]
          - name: later
            match: { any_of: [ { branch: "p1", checkout: agent } ] }
            starts_on: { signal: go }
            stages:
              - name: second
                actions_on_start: [ { shell: 'echo second >>"$HOME/ran"' } ]

        """

    @Test func afterAMonthWhatEndedIsGoneAndNothingBeginsAgain() async throws {
        try await withFleet(policy: Self.policy) { fleet in
            let ran = fleet.folder.appending("ran")
            let old = fleet.logs.appending("agent-of-before.tap")
            try await withOwnDaemon(fleet) { _ in
                try await fleet.run("spawn", "p1")
                let isDone = try await fleet.reached("first", "COMPLETED")
                #expect(isDone)
                try Files.write("x", to: old)
            }
            let kinds = Set(try await fleet.journal().map(\.kind))
            #expect(kinds.isSuperset(of: [.agentAdded, .policyLoaded, .stageChanged]))
            let clock = TestClock()
            clock.jump(31 * 86_400)
            try await withOwnDaemon(fleet, clock: clock) { context in
                let actions = context.run.appending("actions")
                // Nobody waits for it, so nothing tells.
                let isSwept = try await eventually(within: .seconds(20)) {
                    try await fleet.journal().contains { $0.kind == .journalPruned }
                        && Files.names(in: actions).isEmpty && !Files.exists(old)
                }
                #expect(isSwept, "\(Files.names(in: actions))")
                let left = Set(try await fleet.journal().map(\.kind))
                #expect(!left.contains(.agentAdded))
                // The last run of a pipeline is what keeps it from beginning again.
                #expect(left.isSuperset(of: [.stageChanged, .policyLoaded]))
                try await fleet.run("emit", "go", "--branch", "p1")
                let isDone = try await fleet.reached("second", "COMPLETED")
                #expect(isDone)
            }
            #expect(text(of: ran) == "ran\nsecond\n")
        }
    }
}
