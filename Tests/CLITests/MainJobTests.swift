import Core
import ProcessKit
import SystemPackage
import TestSupport
import Testing

@Suite(.timeLimit(.minutes(1)))
struct MainJobTests {
    @Test func twoAgentsReportPassACheckAreApprovedAndComplete() async throws {
        try await withFleetFixture(scripts: ["agent": deliveryScript], policy: deliveryPolicy) { fleet in
            let up = try await fleet.run("up")
            #expect(
                up.description == """
                    The daemon watches this fleet (pid <n>).
                    Dashboard: http://127.0.0.1:<port>/#token=<token>
                    [status 0]
                    """)
            for branch in ["feature/login", "feature/search"] {
                try await fleet.succeed("spawn", branch, "--task", "go")
            }
            let first = try await fleet.question(of: "feature/login")
            #expect(first["question"] == "Release this branch?")
            #expect(first["stage"] == "release")
            #expect(first["state"] == "pending")
            #expect(try fleet.read(".tmuxagent/worktrees/feature-login/checked.txt") == "checked\n")
            let id = try #require(first["id"]?.string)
            let approved = try await fleet.run("approve", id, "--reason", "fine")
            #expect(approved.stdout == "Approved stage 'release' of feature/login.\n")
            #expect(approved.status == 0)

            let second = try #require(try await fleet.question(of: "feature/search")["id"]?.string)
            let file = fleet.home.appending("approvals/\(second).txt")
            let written = try await eventually { try Files.readText(file)?.contains("PENDING") ?? false }
            #expect(written, "the daemon writes the question's file")
            try Files.append("approve\n", to: file)

            try await fleet.expectRun("completed", of: "feature/login")
            try await fleet.expectRun("completed", of: "feature/search")
            let answers = try await fleet.run("approvals", "--all", "--json").json["approvals"]?.array
            #expect(Set(answers?.compactMap { $0["answered_through"]?.string } ?? []) == ["cli", "file"])
            #expect(answers?.first { $0["id"]?.string == id }?["reason"] == "fine")
            let told = try await eventually {
                let log = try fleet.daemonLog()
                return ["login", "search"].allSatisfy {
                    log.contains("[NOTIFY] feature/\($0) is released\nStage release completed.\n")
                }
            }
            let log = try fleet.daemonLog()
            #expect(told, "\(log)")
            #expect(try await fleet.run("down").description == "Stopped the daemon (pid <n>).\n[status 0]")
        }
    }

    @Test func rejectionStopsTheRunAndTheFirstAnswerStands() async throws {
        try await withFleetFixture(scripts: ["agent": deliveryScript], policy: deliveryPolicy) { fleet in
            try await fleet.succeed("up")
            try await fleet.succeed("spawn", "feature/x", "--task", "go")
            _ = try await fleet.question(of: "feature/x")
            let list = try await fleet.run("approvals")
            #expect(list.stdout.contains("Release this branch?"))
            let inside = try await fleet.run("approve", "feature/x", adding: ["TMUX_AGENT_ID": "agent-1"])
            #expect(inside.status == 77)
            let rejected = try await fleet.run(
                "reject", "feature/x", "--reason", "tests are missing", "--json")
            #expect(try rejected.json["approval"]?["state"] == "rejected")
            #expect(try rejected.json["approval"]?["reason"] == "tests are missing")
            let id = try #require(try rejected.json["approval"]?["id"]?.string)
            let late = try await fleet.run("approve", id)
            #expect(late.status == 1)
            #expect(late.stderr.contains("rejected"))
            try await fleet.expectRun("failed", of: "feature/x")
            let explained = try await fleet.run("policy", "explain", "feature/x")
            #expect(explained.stdout.contains("release"))
            #expect(explained.stdout.contains("failed"))
            let json = try await fleet.run("policy", "explain", "feature/x", "--json").json
            #expect(
                json["runs"]?.array?.first?["stages"]?.array?.map { $0["status"]?.string } == [
                    "COMPLETED", "COMPLETED", "FAILED",
                ])
            #expect(try await fleet.run("status").stdout.contains("delivery  feature/x"))
            try await fleet.succeed("rm", "feature/x", "--force")
            #expect(!(try await fleet.run("status").stdout.contains("delivery")))
        }
    }

    @Test func anAgentCannotApproveWhateverItsEnvironmentSays() async throws {
        let script = """
            say Ready.
            expect go
            marker {"type":"STATUS","stage":"implement","ok":true}
            expect try
            run env -u TMUX_AGENT_ID tmux-agent approve feature/x; echo "status $?"

            """
        try await withFleetFixture(scripts: ["agent": script], policy: deliveryPolicy) { fleet in
            try await fleet.succeed("up")
            try await fleet.succeed("spawn", "feature/x", "--task", "go")
            _ = try await fleet.question(of: "feature/x")
            try await fleet.succeed("send", "feature/x", "try")
            let refused = try await eventually {
                try await fleet.run("logs", "feature/x").stdout.contains("status 77")
            }
            let log = try await fleet.run("logs", "feature/x")
            #expect(refused, "\(log)")
            #expect(try await fleet.question(of: "feature/x")["state"] == "pending")
        }
    }
}
