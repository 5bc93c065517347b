import Core
import ProcessKit
import SystemPackage
import TestSupport
import Testing

/// No text of others reaches the terminal with its power over it.
@Suite(.timeLimit(.minutes(1)))
struct ForeignTextTests {
    static let evil = "a\u{202e}b\u{200b}c\u{2066}d\u{9b}e"
    static let shown = "a\\u{202e}b\\u{200b}c\\u{2066}d\\u{9b}e"

    private func isSafe(_ outcome: Outcome) -> Bool {
        (outcome.stdout + outcome.stderr).unicodeScalars.allSatisfy { !$0.isDeceptive || $0 == "\n" }
    }

    @Test func namesOfBranchesAreMadeVisible() async throws {
        try await withFleetFixture { fleet in
            // A branch of git may have what a new one of ours may not.
            let branch = "x/a\u{202e}b\u{200b}c"
            try await fleet.git.git("branch", branch)
            let spawned = try await fleet.run("spawn", branch)
            #expect(isSafe(spawned), "\(spawned)")
            for arguments in [
                ["spawn", Self.evil], ["sessions"], ["sessions", "--json"], ["status"], ["logs", Self.evil],
                ["logs", Self.evil, "--json"], ["rm", branch], ["templates", "show", Self.evil],
                ["spawn", "y", "--template", Self.evil], ["spawn", "y", "--base", Self.evil],
                ["spawn", "y", "--agent", Self.evil], ["spawn", "y", "--task-file", Self.evil], [Self.evil],
                [Self.evil, "--json"], ["--\(Self.evil)"], ["approve", Self.evil],
                ["reject", Self.evil, "--json"],
                ["policy", "check", Self.evil], ["policy", "explain", Self.evil],
                ["-C", Self.evil, "status"],
                ["inspect", Self.evil, "--size", "80x24"], ["inspect", "README", "--size", Self.evil],
                ["inspect", "README", "--size", "80x24", "--resize", Self.evil],
                ["init", "--template-set", Self.evil], ["emit", "STATUS", "--branch", Self.evil],
                ["spawn", "y", "--startup", Self.evil],
            ] {
                let outcome = try await fleet.run(arguments)
                #expect(isSafe(outcome), "\(arguments.first ?? ""): \(outcome)")
            }
        }
    }

    @Test func panesReportsAndQuestionsAreMadeVisible() async throws {
        let policy = """
            pipelines:
              - name: ask
                match: { any_of: [ { branch: "*" } ] }
                stages:
                  - name: "st\\u202Eage"
                    require_approval: { prompt: "now\\u001b[31m\\u202Eor\\u200Bnever?" }
                    on_start_notify: { title: "title\\u001b]0;x\\u0007", body: "bo\\u202Edy" }

            """
        let script = "say \(Self.evil)\nsay \u{1b}[31mred\u{1b}]0;title\u{7}"
        try await withFleetFixture(scripts: ["agent": script], policy: policy) { fleet in
            try await fleet.succeed("up")
            try await fleet.succeed("spawn", "feature/x")
            _ = try await fleet.question(of: "feature/x")
            for arguments in [
                ["logs", "feature/x"], ["logs", "feature/x", "--json"], ["approvals"],
                ["approvals", "--json"],
                ["sessions"], ["status"], ["status", "--json"], ["policy", "explain", "feature/x"],
                ["policy", "explain", "feature/x", "--json"], ["approve", "feature/x"],
                ["approvals", "--all"],
            ] {
                let outcome = try await fleet.run(arguments)
                #expect(outcome.status == 0, "\(outcome)")
                #expect(isSafe(outcome), "\(arguments.first ?? ""): \(outcome)")
            }
            let told = try await eventually { try fleet.daemonLog().contains("[NOTIFY] title") }
            #expect(told)
            let log = try fleet.daemonLog()
            #expect(log.unicodeScalars.allSatisfy { !$0.isDeceptive || $0 == "\n" }, "\(log)")
        }
    }
}
