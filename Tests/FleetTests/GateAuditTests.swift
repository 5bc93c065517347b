import Core
import Fleet
import GitKit
import ProcessKit
import Store
import SystemPackage
import TestSupport
import Testing

/// Which pushes count as having gone around a gate.
@Suite(.timeLimit(.minutes(1)))
struct GateAuditTests {
    private func policy(_ gates: String...) -> String {
        "pipelines: [ { name: p, stages: [ { name: lint } ] } ]\ngates:\n"
            + gates.map { "  - { hook: pre-push, branch: \"\($0)\", require: [lint] }\n" }.joined()
    }

    private func found(_ fleet: FleetFixture) async throws -> [String] {
        var sight: GateAudit.Sight?
        return try await GateAudit(context: fleet.context()).run(after: &sight).map(\.branch).sorted()
    }

    private func push(_ what: String, after seconds: Int64, _ fleet: FleetFixture) async throws {
        // The log of a remote's branch has the time of whoever pushes.
        let at = fleet.surroundings().now().milliseconds / 1000 + seconds
        try await fleet.git.shell(
            "GIT_COMMITTER_NAME=A GIT_COMMITTER_EMAIL=a@example.com GIT_COMMITTER_DATE='@\(at) +0000' git push --quiet --no-verify origin \(what)"
        )
    }

    @Test func onlyPushesThatAGateStoodBeforeWentAroundIt() async throws {
        try await withFleet { fleet in
            try await fleet.git.shell(
                """
                git init --quiet --bare "$PWD.git"; git remote add origin "$PWD.git"; git branch feature/same
                git switch --quiet -c feature/z; git commit --quiet --allow-empty -m Z; git switch --quiet main
                """)
            let file = fleet.root.appending(".tmuxagent/policy.yaml")
            try Files.write(policy("feature/*"), to: file)
            #expect(try await found(fleet) == [])
            try await push("main:release/1", after: 10, fleet)
            #expect(try await found(fleet) == [], "no gate stood there")
            // A gate stands from when it was written.
            fleet.advance(by: .seconds(60))
            try Files.write(policy("feature/*", "release/*"), to: file)
            #expect(try await found(fleet) == [])
            try await push("main:release/2", after: 10, fleet)
            #expect(try await found(fleet) == ["release/2"])
            // Another name there is no way around; of two branches at one commit the one without a gate is believed.
            try await push("feature/z:other", after: 10, fleet)
            try await push("main:plain", after: 10, fleet)
            #expect(try await found(fleet) == ["other"])
            #expect(try await found(fleet) == [], "once for good")
            let rows = try await fleet.context().store.journal(after: 0, kinds: [.gateBypassed], limit: 10)
            #expect(rows.count == 2)
        }
    }

    @Test func nothingIsReadAgainWhileNothingWasPushed() async throws {
        try await withFleet { fleet in
            try await fleet.git.shell(
                "git init --quiet --bare \"$PWD.git\"; git remote add origin \"$PWD.git\"")
            try Files.write(policy("*"), to: fleet.root.appending(".tmuxagent/policy.yaml"))
            let audit = GateAudit(context: try await fleet.context())
            var sight: GateAudit.Sight?
            _ = try await audit.run(after: &sight)
            let first = sight
            #expect(first != nil)
            _ = try await audit.run(after: &sight)
            #expect(sight == first)
            try await push("main", after: 10, fleet)
            #expect(try await audit.run(after: &sight).map(\.branch) == ["main"])
            #expect(sight != first)
        }
    }
}
