import Core
import ProcessKit
import SystemPackage
import TestSupport
import Testing

/// What all commands have in common: help, options, errors, exit status.
@Suite(.timeLimit(.minutes(2)))
struct FrameTests {
    /// The commands that a help lists.
    private func subcommands(in help: String) -> [String] {
        guard let start = help.firstRange(of: "SUBCOMMANDS:\n") else { return [] }
        return help[start.upperBound...].split(separator: "\n", omittingEmptySubsequences: false)
            .prefix { $0.hasPrefix("  ") }
            .filter { !$0.hasPrefix("   ") }
            .compactMap { $0.split(whereSeparator: { " ,".contains($0) }).first.map(String.init) }
    }

    @Test func helpOfEveryCommandIsKnown() async throws {
        try await withFleetFixture(scripts: nil) { fleet in
            var open: [[String]] = [[]]
            var seen = 0
            while let command = open.popLast() {
                seen += 1
                let outcome = try await fleet.run(command + ["--help"], adding: ["COLUMNS": "100"])
                #expect(outcome.status == 0)
                #expect(outcome.stderr.isEmpty)
                let help = outcome.stdout
                let name = (["tmux-agent"] + command).joined(separator: "-")
                try expectSnapshot(help, "help/\(name).txt")
                let overview = help.split(separator: "\n").first { $0.hasPrefix("OVERVIEW: ") }
                let abstract = String(try #require(overview, "\(name) has no abstract").dropFirst(10))
                #expect(abstract.count < 70, "\(name): \(abstract)")
                #expect(!abstract.hasSuffix("."), "\(name): \(abstract)")
                #expect(abstract.first?.isUppercase == true, "\(name): \(abstract)")
                let more = subcommands(in: help)
                open += more.map { command + [$0] }
                if !command.isEmpty, more.isEmpty {
                    #expect(help.contains("--json"), "\(name)")
                    #expect(help.contains("  tmux-agent "), "\(name) shows no example")
                }
            }
            #expect(seen > 50)
        }
    }

    @Test func errorsHaveOneFormAsTextAndAsJSON() async throws {
        try await withFleetFixture { fleet in
            let text = try await fleet.run("logs", "nobody")
            #expect(
                text.description == """
                    [stderr]
                    Error: No agent named 'nobody'
                    Hint: Run 'tmux-agent sessions' to see the agents of this repository
                    [status 1]
                    """)
            let json = try await fleet.run("logs", "nobody", "--json")
            #expect(json.stdout.isEmpty)
            #expect(json.status == 1)
            #expect(
                try JSONValue.parse(json.stderr) == [
                    "error": [
                        "code": "agent_not_found", "message": "No agent named 'nobody'",
                        "hint": "Run 'tmux-agent sessions' to see the agents of this repository",
                    ]
                ])
            let usage = try await fleet.run("spawn", "--json")
            #expect(usage.status == 64)
            #expect(try usage.error?["code"] == "usage")
            let unknown = try await fleet.run("spwan")
            #expect(
                unknown.description == """
                    [stderr]
                    Error: No command is called 'spwan'
                    Hint: Did you mean 'tmux-agent spawn'?
                    [status 64]
                    """)
            #expect(try await fleet.run("spwan", "--json").error?["code"] == "unknown_command")
            let inGroup = try await fleet.run("policy", "chek")
            #expect(
                inGroup.description == """
                    [stderr]
                    Error: No command is called 'policy chek'
                    Hint: Did you mean 'tmux-agent policy check'?
                    [status 64]
                    """)
            let strange = try await fleet.run("tasks", "frobnicate")
            #expect(strange.stderr.contains("Hint: Run 'tmux-agent tasks --help' to see all commands"))
        }
    }

    @Test func everyExitStatusOfTheTableIsReached() async throws {
        try await withFleetFixture(policy: PolicyCommandTests.broken) { fleet in
            try await fleet.succeed("spawn", "feature/x")
            let table: [([String], [String: String], Int)] = [
                (["sessions"], [:], 0), (["logs", "nobody"], [:], 1), (["send"], [:], 64),
                (["down"], [:], 69),
                (["approve", "x"], ["TMUX_AGENT_ID": "agent-1"], 77), (["policy", "check"], [:], 78),
            ]
            for (arguments, environment, status) in table {
                let outcome = try await fleet.run(arguments, adding: environment)
                #expect(outcome.status == status, "\(arguments): \(outcome)")
            }
        }
        #expect(ExitStatus.allCases.map(\.rawValue) == [0, 1, 64, 69, 70, 77, 78, 130])
    }

    @Test func colourIsForTerminalsOrOnOrder() async throws {
        try await withFleetFixture { fleet in
            try await fleet.succeed("spawn", "feature/x")
            #expect(try await !fleet.run("ls").stdout.contains("\u{1b}"))
            #expect(try await fleet.run("ls", "--color", "always").stdout.contains("\u{1b}[1mfeature/x"))
            let program = try await fleet.shell("echo \"$1\"").stdout.trimmingSuffixNewline
            func inTerminal(_ environment: String, _ options: String) async throws -> Bool {
                let command = "TERM=xterm \(environment) \(program) ls \(options)"
                return try await fleet.shell("script -qec '\(command)' /dev/null </dev/null").stdout
                    .contains("\u{1b}[1m")
            }
            #expect(try await inTerminal("", ""))
            #expect(try await !inTerminal("NO_COLOR=1", ""))
            #expect(try await !inTerminal("TERM=dumb", ""))
            #expect(try await !inTerminal("", "--color never"))
            #expect(try await inTerminal("NO_COLOR=1", "--color always"))
        }
    }

    @Test func optionsOfAllCommandsStandBeforeOrBehindTheName() async throws {
        try await withFleetFixture { fleet in
            let elsewhere = fleet.folder.appending("user")
            for arguments in [
                ["-C", "../shop", "status", "--json"],
                ["status", "--json", "--directory", fleet.root.string],
                ["--json", "-C", fleet.root.string, "status"],
                ["--directory=../shop", "--color=never", "status", "--json"],
            ] {
                let outcome = try await fleet.run(arguments, in: elsewhere)
                #expect(outcome.status == 0, "\(outcome)")
                #expect(try outcome.json["root"]?.string == fleet.root.string)
            }
            let check = try await fleet.run(["-C", "../shop", "policy", "check"], in: elsewhere)
            #expect(check.status == 0, "\(check)")
            let nowhere = try await fleet.run("-C", "nowhere", "status")
            #expect(nowhere.status == 1, "\(nowhere)")
            #expect(nowhere.description.contains("Error: There is no folder <folder>/shop/nowhere\n"))
        }
    }

    @Test func quietLeavesResultsAndErrors() async throws {
        try await withFleetFixture { fleet in
            #expect(try await fleet.run("sessions", "--quiet").description == "\n[status 0]")
            let spawned = try await fleet.run("spawn", "feature/x", "-q")
            #expect(spawned.stdout.hasPrefix("Started feature/x"))
            #expect(spawned.stderr.isEmpty)
            #expect(try await fleet.run("logs", "nobody", "-q").stderr.hasPrefix("Error: "))
        }
    }
}
