import Core
import Glibc
import ProcessKit
import Store
import SystemPackage
import TestSupport
import Testing

/// Dialogs in real panes, drawn by a program that takes arrows and Enter as agents do.
@Suite(.timeLimit(.minutes(2)))
struct DialogTests {
    /// `dialogs.sh FILE COUNT` asks COUNT questions and writes each choice to FILE.
    ///
    /// Then it shows an empty composer and writes down what is typed there. The first question is the one about trust, with the refusal preselected.
    static let program = #"""
        file=$1 count=$2
        rule='──────────────────────────────'
        stty -echo -icanon
        printf '\033[?25l'
        ask() {
            at=0
            while :; do
                printf '\033[2J\033[H%s\r\n%s\r\n\r\n' "$rule" "$1"
                for i in 0 1 2; do
                    mark=' '; [ $i = $at ] && mark='❯'
                    printf ' %s %s\r\n' "$mark" "${options[$i]}"
                done
                printf '\r\n Enter to confirm · Esc to cancel\r\n'
                IFS= read -rsn1 key
                case $key in
                    $'\033') read -rsn2 key
                        [ "$key" = '[B' ] && [ $at -lt 2 ] && at=$((at + 1))
                        [ "$key" = '[A' ] && [ $at -gt 0 ] && at=$((at - 1)) ;;
                    '') printf '%s: %s\n' "$2" "${options[$at]}" >>"$file"; return ;;
                    *) printf 'stray key %q\n' "$key" >>"$file" ;;
                esac
            done
        }
        for ((n = 1; n <= count; n++)); do
            if [ $n = 1 ]; then
                options=('No, exit' 'Yes, I trust this folder' 'No, look around first')
                ask ' Is this a project you trust?' trust
            else
                options=("1. Yes" "2. Yes, always" "3. No")
                ask " Bash command $n"$'\r\n'' Do you want to proceed?' "$n"
            fi
            printf '\033[2J\033[H✻ Working on it…\r\n'
            read -rsn1 -t 0.7 key && printf 'stray key %q\n' "$key" >>"$file"
        done
        stty sane
        while :; do
            printf '\033[2J\033[H%s\r\n❯ \r\n%s\r\n  ? for shortcuts\033[2;3H\033[?25h' "$rule" "$rule"
            IFS= read -r line || exit 0
            printf 'typed: %s\n' "$line" >>"$file"
        done
        """#

    private static func fleet(
        policy: String, count: Int, _ body: (FleetFixture, _ record: FilePath) async throws -> Void
    ) async throws {
        try await withFleet(policy: policy) { fleet in
            let script = fleet.folder.appending("dialogs.sh")
            try Files.write(program, to: script)
            let record = fleet.folder.appending("record")
            let toml = fleet.repository.appending(".tmuxagent/fleet.toml")
            let settings = try #require(try Files.readText(toml))
            try Files.write(
                settings
                    + "[agents.asks]\ncommand = \"bash \(script) \(record) \(count)\"\nkind = \"claude\"\n",
                to: toml)
            try await body(fleet, record)
        }
    }

    private static func journal(_ fleet: FleetFixture, _ kind: String) async throws -> [JournalEntry] {
        try await fleet.journal().filter { $0.kind.rawValue == kind }
    }

    @Test func aDialogIsAnsweredByItsTextAndTheBriefingFollows() async throws {
        let policy = """
            pipelines: []
            dialogs:
              - { rule: claude-trust, option: "Yes, I trust this folder", branch: "feature/*" }
            """
        try await Self.fleet(policy: policy, count: 1) { fleet, record in
            let daemon = try fleet.daemon()
            try await daemon.ready()
            try await fleet.run("spawn", "feature/a", "--agent", "asks", "--task", "hello there")
            // The program in the pane writes it.
            let isTyped = try await eventually { text(of: record)?.contains("typed: hello there") == true }
            #expect(isTyped, "\(daemon.output)\n\(text(of: record) ?? "nothing")")
            #expect(text(of: record)?.hasPrefix("trust: Yes, I trust this folder\ntyped: ") == true)
            let shown = try await Self.journal(fleet, "dialog.shown")
            #expect(shown.count == 1)
            #expect(shown.first?.payload["answer"] == "Yes, I trust this folder")
            #expect(shown.first?.payload["waiting_for"] == "trust")
            let isWritten = try await eventually {
                try await Self.journal(fleet, "dialog.answered").map { $0.payload["option"] }
                    == ["Yes, I trust this folder"]
            }
            #expect(isWritten, "\(daemon.output)")
            let status = await daemon.stop()
            #expect(status == 0)
        }
    }

    @Test(arguments: [false, true])
    func aBriefingThatADialogHeldUpFollowsOnceAPersonHasAnswered(isWatched: Bool) async throws {
        try await Self.fleet(policy: "pipelines: []\n", count: 1) { fleet, record in
            let daemon = isWatched ? try fleet.daemon() : nil
            try await daemon?.ready()
            let spawn = try await fleet.run(
                "spawn", "feature/a", "--agent", "asks", "--task", "hello there", fails: true)
            #expect(spawn.errorText.contains("not delivered to 'feature/a': it waits for a person (trust)"))
            // Not yet: somebody must answer first.
            try await fleet.run("send", "feature/a", "--keys", "Down", "--keys", "Enter")
            if !isWatched {
                let isFree = try await eventually {
                    (try? await fleet.run("spawn", "feature/a")) != nil
                }
                #expect(isFree)
            }
            let isTyped = try await eventually { text(of: record)?.contains("typed: hello there") == true }
            #expect(isTyped, "\(daemon?.output ?? "")\n\(text(of: record) ?? "nothing")")
            // Once more would type it twice.
            try await fleet.run("spawn", "feature/a")
            #expect(text(of: record) == "trust: Yes, I trust this folder\ntyped: hello there\n")
            if let daemon { #expect(await daemon.stop() == 0) }
        }
    }

    @Test func withoutTheOptionsTextADialogIsLeftToAPersonUntilThePolicyHasAnAnswer() async throws {
        let policy = """
            pipelines: []
            dialogs:
              - { rule: claude-trust, option: "Yes, proceed" }
              - { rule: claude-trust, option: "Yes, I trust this folder", branch: main }
            """
        try await Self.fleet(policy: policy, count: 1) { fleet, record in
            let daemon = try fleet.daemon()
            try await daemon.ready()
            try await fleet.run("spawn", "feature/a", "--agent", "asks")
            let store = try fleet.store()
            // The daemon judges the screen in its own time.
            let isShown = try await eventually { try await Self.journal(fleet, "dialog.shown").count == 1 }
            #expect(isShown, "\(daemon.output)")
            let waits = try await eventually {
                try await store.agents().first?.condition.waitingFor == .trust
            }
            #expect(waits, "\(daemon.output)")
            let shown = try await Self.journal(fleet, "dialog.shown").first
            #expect(shown?.payload["answer"] == nil)
            #expect(shown?.payload["why"] == "no option says 'Yes, proceed'")
            #expect(text(of: record) == nil)
            // Typing a text would choose whatever the cursor stands on.
            let refusal = try await fleet.run("send", "feature/a", "please go on", fails: true)
            #expect(refusal.errorText.contains("a dialog waits for an answer (trust)"))
            #expect(text(of: record) == nil)
            try fleet.write(
                policy: "pipelines: []\ndialogs: [{ rule: claude-trust, option: \"No, look around*\" }]\n")
            let isAnswered = try await eventually { text(of: record) == "trust: No, look around first\n" }
            #expect(isAnswered, "\(daemon.output)\n\(text(of: record) ?? "nothing")")
            let status = await daemon.stop()
            #expect(status == 0)
        }
    }

    @Test func killedAtAnyMomentEachDialogIsAnsweredOnce() async throws {
        let policy = """
            pipelines: []
            dialogs:
              - { rule: claude-trust, option: "Yes, I trust this folder" }
              - { rule: claude-permission, option: "Yes, always" }
            """
        let count = 6
        try await Self.fleet(policy: policy, count: count) { fleet, record in
            try await fleet.run("spawn", "feature/a", "--agent", "asks")
            var daemon = try fleet.daemon()
            func answers() -> [String] { (text(of: record) ?? "").split(separator: "\n").map { String($0) } }
            for round in 0..<count - 1 {
                try await daemon.ready()
                let before = answers().count
                // From the showing to behind the answer; the program in the pane goes on in its own time.
                let pause = Duration.milliseconds(120 * round)
                _ = try await eventually(within: pause) { answers().count > before + 1 }
                await daemon.kill()
                daemon = try fleet.daemon()
            }
            try await daemon.ready()
            let isDone = try await eventually(within: .seconds(40)) { answers().count >= count }
            #expect(isDone, "\(daemon.output)\n\(answers())")
            let expected = ["trust: Yes, I trust this folder"] + (2...count).map { "\($0): 2. Yes, always" }
            #expect(answers() == expected)
            let shown = try await Self.journal(fleet, "dialog.shown")
            #expect(shown.count == count)
            let status = await daemon.stop()
            #expect(status == 0)
            #expect(answers() == expected)
        }
    }
}
