import Core
import Glibc
import ProcessKit
import SystemPackage
import TestSupport
import Testing

/// Approvals over the command line: links, keys, many who answer at once, reminders.
@Suite(.timeLimit(.minutes(2)))
struct ApprovalCommandTests {
    private static let policy = """
        pipelines:
          - name: delivery
            match: { branch: "feature/*" }
            stages:
              - name: release
                require_approval: { prompt: "Release?", expires: 24h, remind: 1s }
                actions_on_start: [ { shell: "echo out >>released" } ]

        """

    private static let more = "[dashboard]\nport = 0\npublic_url = \"https://agents.example.com/\"\n"

    @Test func linksAreGivenToPeopleAndNotToAgents() async throws {
        try await withFleetFixture(policy: Self.policy, more: Self.more) { fleet in
            try await fleet.succeed("up")
            try await fleet.succeed("spawn", "feature/x")
            let question = try await fleet.question(of: "feature/x")
            let id = try #require(question["id"]?.string)
            let approve = try #require(question["links"]?["approve"]?.string)
            let reject = try #require(question["links"]?["reject"]?.string)
            #expect(approve.hasPrefix("https://agents.example.com/a/"))
            #expect(approve.dropLast("/approve".count) == reject.dropLast("/reject".count))
            let shown = try await fleet.run("approvals", "show", id, "--json").json
            #expect(shown["approval"]?["links"]?["approve"]?.string == approve)
            #expect(shown["approval"]?["channels"]?.array == [])
            let text = try await fleet.run("approvals", "show", "feature/x")
            #expect(text.stdout.contains("approve   \(approve)\n"))
            // Whoever is told is reminded; a log gets no links.
            let told = try await eventually(within: .seconds(20)) {
                let log = try fleet.daemonLog()
                return log.contains(
                    "[NOTIFY] Approval needed: stage 'release' of 'delivery' on feature/x\nRelease?\n")
                    && log.contains("[NOTIFY] Still waiting for an approval: stage 'release'")
            }
            let log = try fleet.daemonLog()
            #expect(told, "\(log)")
            #expect(!log.contains("/a/"), "\(log)")

            let inside = try await fleet.run("approvals", "--json", adding: ["TMUX_AGENT_ID": "agent-1"]).json
            #expect(inside["approvals"]?.array?.first?["id"]?.string == id)
            #expect(inside["approvals"]?.array?.first?["links"] == .null)
            #expect(
                try await fleet.run("approvals", "key", adding: ["TMUX_AGENT_ID": "agent-1"]).status == 77)
            let other = try await fleet.run(
                "approvals", "show", id, "--json",
                adding: ["APPROVAL_SECRET": "another secret", "PUBLIC_BASE_URL": "http://127.0.0.1:1"])
            let moved = try #require(try other.json["approval"]?["links"]?["approve"]?.string)
            #expect(moved.hasPrefix("http://127.0.0.1:1/a/"))
            #expect(
                moved.split(separator: "/").last != approve.split(separator: "/").last || moved != approve)
            #expect(moved.split(separator: ".").last != approve.split(separator: ".").last)
            let wrong = try await fleet.run(
                "approvals", "--json", adding: ["PUBLIC_BASE_URL": "agents.example.com"])
            #expect(wrong.status == 78)

            let secret = fleet.home.appending("secret")
            #expect(try await fleet.shell("stat -c %a ../home/secret").stdout == "600\n")
            let key = try await fleet.run("approvals", "key").stdout.trimmingSuffixNewline
            #expect(key.count == 64)
            chmod(secret.string, 0o644)
            let open = try await fleet.run("approvals", "key")
            #expect(open.status == 78)
            #expect(open.stderr.contains("others may read or write it"))
            #expect(open.stderr.contains("chmod 600"))
        }
    }

    @Test func ofManyAnswersAtOnceOneCountsWhoeverIsKilled() async throws {
        try await withFleetFixture(policy: Self.policy) { fleet in
            try await fleet.succeed("up")
            for number in 0..<3 {
                let branch = "feature/\(number)"
                try await fleet.succeed("spawn", branch)
                let id = try #require(try await fleet.question(of: branch)["id"]?.string)
                // Six processes answer; two of them are killed in the middle.
                let outcome = try await fleet.shell(
                    """
                    for n in 1 2 3; do
                        "$1" approve \(id) --reason "yes $n" >/dev/null 2>&1 & a=$!
                        "$1" reject \(id) --reason "no $n" >/dev/null 2>&1 & b=$!
                        pids="${pids-} $a $b"
                    done
                    sleep 0.0\(number * 3); kill -9 $a $b 2>/dev/null
                    for pid in $pids; do wait $pid; echo "$?"; done
                    """)
                let statuses = outcome.stdout.split(separator: "\n")
                #expect(statuses.count == 6)
                // One of the living won, unless a killed one had written its answer already.
                #expect(statuses.count { $0 == "0" } <= 1, "\(outcome)")
                #expect(statuses.allSatisfy { ["0", "1", "137"].contains($0) }, "\(outcome)")
                let late = try await fleet.run("approve", id)
                #expect(late.status == 1)
                let shown = try await fleet.run("approvals", "show", id, "--json").json["approval"]
                let state = try #require(shown?["state"]?.string)
                #expect(["approved", "rejected"].contains(state))
                try await fleet.expectRun(state == "approved" ? "completed" : "failed", of: branch)
                let released = try fleet.read(".tmuxagent/worktrees/feature-\(number)/released")
                #expect(released == (state == "approved" ? "out\n" : nil))
            }
        }
    }
}
