import Core
import ProcessKit
import SystemPackage
import TestSupport
import Testing

/// `max_agents_per_host`: fleets of one user hold to it together.
@Suite(.timeLimit(.minutes(2)))
struct HostLimitTests {
    /// Two fleets with one home: three agents at most, and two tasks in each.
    private func withTwoFleets(
        _ body: (_ here: FleetFixture, _ there: FilePath) async throws -> Void
    ) async throws {
        try await withFleetFixture { fleet in
            let other = fleet.folder.appending("bakery")
            _ = try await GitFixture.plain(at: other)
            try await fleet.succeed("init", "--no-hooks", in: other)
            let settings = try #require(try Files.readText(fleet.root.appending(".tmuxagent/fleet.toml")))
            try fleet.write(
                settings.replacing("shop", with: "bakery") + "[tmux]\nprefix = \"bakery-\"\n",
                to: other.appending(".tmuxagent/fleet.toml").string)
            try fleet.write("pipelines: []\n", to: other.appending(".tmuxagent/policy.yaml").string)
            for root in [fleet.root, other] {
                let plan = "max_agents_per_host = 3\n[[tasks]]\nbranch = \"a\"\n[[tasks]]\nbranch = \"b\"\n"
                try fleet.write(plan, to: root.appending(".tmuxagent/orchestrator.toml").string)
            }
            try await body(fleet, other)
        }
    }

    private func statuses(_ fleet: FleetFixture, _ root: FilePath) async throws -> [String] {
        try await fleet.run("tasks", "--json", in: root).json.words("tasks", "status")
    }

    @Test func aFullMachineKeepsTasksOfEveryFleetFromBeginning() async throws {
        try await withTwoFleets { fleet, other in
            // One by hand counts too.
            try await fleet.succeed("spawn", "by-hand")
            try await fleet.succeed("orchestrate", "--once")
            #expect(try await statuses(fleet, fleet.root) == ["running", "running"])
            let rehearsal = try await fleet.succeed("orchestrate", "--dry-run", in: other)
            let full = "this machine has 3 of 3 agents (max_agents_per_host)"
            #expect(rehearsal.contains("wait  a  an agent  (\(full))"), "\(rehearsal)")
            #expect(
                rehearsal.contains("spawn  b  an agent  (as soon as this machine has room)"), "\(rehearsal)")
            try await fleet.succeed("orchestrate", "--once", in: other)
            #expect(try await statuses(fleet, other) == ["ready", "ready"])
            let listed = try await fleet.succeed("tasks", in: other)
            #expect(listed.contains(full), "\(listed)")
            #expect(try await fleet.run("tasks", "--json", in: other).json["shortage"]?.string == full)

            // A task that is done gives its place to whichever fleet is next; its agent lives on.
            try await fleet.succeed("emit", "STATUS", "--phase", "done", "--branch", "a")
            try await fleet.succeed("orchestrate", "--once")
            try await fleet.succeed("orchestrate", "--once", in: other)
            #expect(try await statuses(fleet, other) == ["running", "ready"])
            // One whose process has ended takes no room, whatever the database says of it.
            let session = try await fleet.run("sessions", "--json").json["agents"]?.array?.first {
                $0["branch"] == "by-hand"
            }
            try await fleet.tmux("kill-session", "-t", "=\(session?["session"]?.string ?? "")")
            let hasRoom = try await eventually(within: .seconds(20)) {
                try await fleet.succeed("orchestrate", "--once", in: other)
                return try await statuses(fleet, other) == ["running", "running"]
            }
            #expect(hasRoom)
        }
    }

    /// The processes that run both plans begin at the same moment, again and again.
    @Test func twoOrchestratorsNeverTakeTheSamePlace() async throws {
        try await withTwoFleets { fleet, other in
            async let here = fleet.run("orchestrate", "--once")
            async let there = fleet.run("orchestrate", "--once", in: other)
            let outcomes = try await [here, there]
            #expect(outcomes.allSatisfy { $0.status == 0 }, "\(outcomes)")
            let states = try await statuses(fleet, fleet.root) + statuses(fleet, other)
            #expect(states.count { $0 == "running" } == 3 && states.count { $0 == "ready" } == 1, "\(states)")
        }
    }
}
