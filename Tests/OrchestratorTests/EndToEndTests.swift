import Core
import ProcessKit
import SystemPackage
import TestSupport
import Testing

/// Real git, real tmux, real processes; only the decider is a script.
@Suite(.timeLimit(.minutes(3)))
struct EndToEndTests {
    /// Three tasks: one commits and reports by itself, two are shells that do what the decider says.
    ///
    /// `api` has a risky command that is approved, `docs` one that is rejected.
    static func plan(_ decider: String) -> String {
        """
        poll_interval = 1
        cooldown_seconds = 0
        session_cooldown_seconds = 0
        max_agents = 2

        \(decider)

        [commands]
        deny = ["forbidden"]

        [[tasks]]
        branch = "schema"
        title = "The schema"
        decide = false

        [[tasks]]
        branch = "api"
        agent = "shell"
        depends_on = ["schema"]

        [[tasks]]
        branch = "docs"
        agent = "shell"
        depends_on = ["schema", "api"]

        """
    }

    static let schema = """
        run echo schema > schema.txt && git add . && git commit -qm schema
        emit STATUS --phase done

        """

    /// What it says depends on how often it was asked about the branch.
    static let decider = #"""
        prompt=$(cat)
        branch=$(printf '%s\n' "$prompt" | sed -n 's/.* on the branch \([a-z]*\)\..*/\1/p' | head -n 1)
        calls="$HOME/calls-$branch"
        echo x >> "$calls"
        case $branch-$(wc -l < "$calls" | tr -d ' ') in
        api-1) cat <<'X'
        I would do this:
        ```json
        {"summary": "writes the api", "phase": "building", "commands": [
          {"text": "cat > api.txt <<Y # a comment\nit's \"api\"\nY\ngit add . && git commit -qm api", "risk_level": "low"},
          {"text": "git push forbidden", "risk_level": "low"},
          {"text": "git tag risky", "risk_level": "high", "notes": "names a release"}]}
        ```
        X
        ;;
        docs-1) echo '{"type":"result","is_error":false,"result":"{\"commands\":[{\"text\":\"git rm -q schema.txt && git commit -qm gone\",\"risk_level\":\"critical\"}]}"}' ;;
        docs-2) echo '{"commands":[{"text":"echo docs > docs.txt && git add . && git commit -qm docs"}]}' ;;
        api-2 | docs-3) echo '{"phase":"done","commands":["tmux-agent emit STATUS --phase done"]}' ;;
        *) echo '{"commands":[]}' ;;
        esac

        """#

    @Test func threeTasksRunToTheEndWithOneCommandApprovedAndOneRejected() async throws {
        try await Self.run("[decider]\ncommand = [\"sh\", \".tmuxagent/decider.sh\"]\ntimeout = 20")
    }

    /// Runs the plan with this decider; `prepare` is called when there is a fleet.
    static func run(
        _ decider: String, prepare: (FleetFixture) throws -> Void = { _ in }
    ) async throws {
        try await withFleetFixture(
            scripts: ["agent": Self.schema], more: "[agents.shell]\ncommand = \"sh\"\nkind = \"shell\"\n"
        ) { fleet in
            try prepare(fleet)
            let plan = Self.plan(decider)
            try fleet.write(plan, to: ".tmuxagent/orchestrator.toml")
            try fleet.write(Self.decider, to: ".tmuxagent/decider.sh")
            try await fleet.git.git("add", "-f", ".tmuxagent/decider.sh", ".tmuxagent/orchestrator.toml")
            try await fleet.git.git("commit", "-qm", "plan")
            try await fleet.succeed("trust")
            let rehearsal = try await fleet.run("orchestrate", "--dry-run", "--json").json
            #expect(rehearsal.words("now", "branch") == ["schema"])
            #expect(rehearsal.words("later", "branch") == ["api", "docs"])
            #expect(try await fleet.run("sessions", "--json").json["agents"] == [])

            try await fleet.succeed("up")
            try await answer("approve", branch: "api", fleet)
            try await answer("reject", branch: "docs", fleet)
            var states: [String] = []
            let isDone = try await eventually(within: .seconds(90)) {
                states = try await Self.states(fleet)
                return states == ["done", "done", "done"]
            }
            let log = try await fleet.said()
            try #require(isDone, "\(states) \(log)")
            try await checkGit(fleet)
            try await checkRecord(fleet, plan)
            try await fleet.succeed("down")
        }
    }

    private static func states(_ fleet: FleetFixture) async throws -> [String] {
        try await fleet.run("tasks", "list", "--json").json.words("tasks", "state")
    }

    private static func answer(_ verb: String, branch: String, _ fleet: FleetFixture) async throws {
        var open: JSONValue?
        let isAsked = try await eventually(within: .seconds(60)) {
            open = try await fleet.run("approvals", "--json").json["approvals"]?.array?.first {
                $0["branch"]?.string == branch
            }
            return open != nil
        }
        let log = try await fleet.said()
        try #require(isAsked, "\(branch): \(log)")
        let answered = try await fleet.succeed(verb, try #require(open?["id"]?.string))
        #expect(answered.contains("of \(branch): git "), "\(answered)")
    }

    private static func checkGit(_ fleet: FleetFixture) async throws {
        let subjects = try await fleet.git.git("log", "--format=%s", "refs/heads/docs").split(separator: "\n")
        #expect(Set(subjects).isSuperset(of: ["schema", "api", "docs"]), "\(subjects)")
        #expect(!subjects.contains("gone"), "what was rejected was done")
        #expect(try await fleet.git.git("show", "docs:api.txt") == "it's \"api\"")
        #expect(try await fleet.git.git("show", "docs:schema.txt") == "schema")
        #expect(try await fleet.git.git("tag", "--points-at", "api") == "risky")
    }

    private static func checkRecord(_ fleet: FleetFixture, _ plan: String) async throws {
        let summary = try await fleet.run("replay", "--json").json
        let counts = summary["counts"]
        #expect(counts?["confirmation"] == 2)
        #expect(counts?["pending_confirmation"] == 2)
        let events = try await fleet.run("replay", "--limit", "1000", "--json").json["events"]?.array ?? []
        let answered = events.filter { $0["event"] == "confirmation" }.map { $0["branch"]?.string }
        #expect(answered == ["api", "docs"])
        #expect((counts?["command"]?.integer ?? 0) == 5)
        #expect(summary["last_command"]?.string == "tmux-agent emit STATUS --phase done")
        let again = try await fleet.run("replay", "--run", "--json").json
        #expect((again["same"]?.integer ?? 0) > 20)
        #expect(again["differences"] == [], "today's program decides what it decided")
        let other = plan.replacing("deny = [\"forbidden\"]", with: "deny = [\"tag\"]")
        try fleet.write(other, to: "other.toml")
        let tried = try await fleet.run("replay", "--run", "--orchestrator-config", "other.toml").stdout
        #expect(tried.contains("'deny' forbids it: tag"), "\(tried)")
        #expect(!tried.contains("Z  : "), "every difference names its branch: \(tried)")
        #expect(try await fleet.run("replay", "--run", "--svg").stdout.hasPrefix("<svg "))
        try fleet.write(other, to: ".tmuxagent/orchestrator.toml")
        let asThen = try await fleet.run("replay", "--run", "--as-recorded", "--json").json
        #expect(asThen["differences"] == [], "the rules of then: \(asThen)")
    }
}

extension Outcome {
    var json: JSONValue {
        get throws { try JSONValue.parse(stdout) }
    }
}

extension JSONValue {
    /// The texts at `key` of the objects in the list `list`.
    func words(_ list: String, _ key: String) -> [String] {
        var words: [String] = []
        for element in self[list]?.array ?? [] {
            if let word = element[key]?.string { words.append(word) }
        }
        return words
    }
}

extension FleetFixture {
    /// What a failed test shows: tasks, record, log and panes.
    func said() async throws -> String {
        var text = ""
        for arguments in [["tasks", "list"], ["replay", "--limit", "60"], ["status"]] {
            text += try await run(arguments).description + "\n"
        }
        for name in Files.names(in: home.appending("run")) {
            let log = home.appending("run").appending(name).appending("daemon.log")
            text += try Files.readText(log) ?? ""
        }
        return text
    }
}
