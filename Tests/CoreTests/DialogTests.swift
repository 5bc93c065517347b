import Core
import Testing

/// Dialogs as programs draw them, by rules that recognise each.
struct DialogTests {
    static func rules(_ expression: String, kind: AgentKind = .claude, region: ScreenView.Region = .screen)
        throws
        -> DetectionRules
    {
        DetectionRules(
            kind: kind, seenOn: "a test", programs: [], ready: .init(), rules: [], composer: nil,
            dialogs: [
                .init(
                    name: "a question", waitingFor: .permission,
                    conditions: .init(all: [.init(region: region, pattern: try Pattern(expression))]),
                    accept: nil)
            ])
    }

    static func dialog(
        _ rows: [String], _ expression: String = "proceed|command", cursorRow: Int = 0,
        region: ScreenView.Region = .screen
    ) throws -> DetectedDialog {
        let view = ScreenView(rows: rows, title: "", cursorRow: cursorRow)
        return try #require(try rules(expression, region: region).dialog(view))
    }

    static let wrapped = [
        "● Running a command", "  ⎿  $ touch x", "", String(repeating: "─", count: 50), " Bash command",
        " touch x", " Do you want to proceed?", "   1. Yes",
        " ❯ 2. Yes, and always allow access to /etc from",
        "      this project", "   3. No", " ↑ 1 more line", " Esc to cancel · Tab to amend",
    ]

    @Test func wrappedOptionsAreOneTextAndTheCursorStandsOnOne() throws {
        let dialog = try Self.dialog(Self.wrapped)
        #expect(dialog.rule == "claude-a-question")
        #expect(
            dialog.options.map(\.label) == [
                "Yes", "Yes, and always allow access to /etc from this project", "No",
            ])
        #expect(dialog.options.map(\.number) == [1, 2, 3])
        #expect(dialog.options.map(\.isSelected) == [false, true, false])
        #expect(dialog.question == ["Bash command", "touch x", "Do you want to proceed?"])
    }

    @Test func theSameDialogIsKnownWhereverItsCursorStandsAndHoweverWideItIs() throws {
        let dialog = try Self.dialog(Self.wrapped)
        let wide = [
            "❯ something else above", "", String(repeating: "─", count: 80), " Bash command", " touch x",
            " Do you want to proceed?", " ❯ 1. Yes",
            "   2. Yes, and always allow access to /etc from this project",
            "   3. No", "", " Esc to cancel",
        ]
        #expect(try Self.dialog(wide).identity == dialog.identity)
        var other = wide
        other[4] = " touch y"
        #expect(try Self.dialog(other).identity != dialog.identity)
    }

    @Test func optionsWithoutNumbersStandInOneColumn() throws {
        let rows = [
            " Quick safety check: do you want to proceed?", "", " Security guide", "", "   No, exit",
            " ❯ Yes, I trust this folder", "", " Enter to confirm",
        ]
        let dialog = try Self.dialog(rows)
        #expect(dialog.options.map(\.label) == ["No, exit", "Yes, I trust this folder"])
        #expect(dialog.options.map(\.isSelected) == [false, true])
        #expect(dialog.question.last == "Security guide")
    }

    @Test func aHangingMarkAndAHintOfTheKeyAreNoPartOfTheText() throws {
        let rows = [
            "  Would you like to run the following command?", "", "  $ touch x", "", "› 1. Yes, proceed (y)",
            "  2. Yes, and don't ask again for commands that start with `touch /etc/", "     probe.txt` (p)",
            "  3. No, and tell Codex what to do differently (esc)", "", "  Press enter to confirm",
        ]
        let dialog = try Self.dialog(rows)
        #expect(dialog.options.count == 3)
        #expect(try dialog.index(ofOption: "Yes, proceed") == 0)
        #expect(try dialog.index(ofOption: "Yes, proceed (y)") == 0)
        #expect(
            try dialog.index(
                ofOption: "Yes, and don't ask again for commands that start with `touch /etc/probe.txt`") == 1
        )
        #expect(try dialog.index(ofOption: "No*") == 2)
        #expect(dialog.question == ["Would you like to run the following command?", "$ touch x"])
    }

    @Test func onlyOneOptionCanBeMeantAndOnlyByItsText() throws {
        let dialog = try Self.dialog(Self.wrapped)
        #expect(throws: DetectedDialog.Refusal.noSuchOption) { try dialog.index(ofOption: "1") }
        #expect(throws: DetectedDialog.Refusal.noSuchOption) { try dialog.index(ofOption: "Yes, and") }
        #expect(throws: DetectedDialog.Refusal.severalOptions) { try dialog.index(ofOption: "Yes*") }
        #expect(try dialog.index(ofOption: "Yes") == 0)
    }

    @Test func boxesAroundADialogAreNoPartOfIt() throws {
        let rows = [
            "╭──────────────────────────────╮", "│ Allow this command?          │",
            "│                              │",
            "│ ● 1. Yes, allow once         │", "│   2. Yes, allow always ...   │",
            "│   3. No (esc)                │",
            "╰──────────────────────────────╯",
        ]
        let dialog = try Self.dialog(rows)
        #expect(dialog.options.map(\.label) == ["Yes, allow once", "Yes, allow always ...", "No (esc)"])
        #expect(dialog.options.map(\.isSelected) == [true, false, false])
        #expect(dialog.question.contains("Allow this command?"))
    }

    @Test func choicesInOneRowHaveTheirLetters() throws {
        let rows = ["> /add x", "Run shell command? (Y)es/(N)o/(D)on't ask again [Yes]:"]
        let dialog = try Self.dialog(rows, "\\(Y\\)es", cursorRow: 1, region: .cursorRow)
        #expect(dialog.options.map(\.label) == ["Yes", "No", "Don't ask again"])
        #expect(dialog.options.map(\.key) == ["y", "n", "d"])
        #expect(try dialog.index(ofOption: "Don't ask again") == 2)
    }

    @Test func aPolicyAnswersOnlyWithAnOptionThatStandsThere() throws {
        let dialog = try Self.dialog(Self.wrapped)
        let facts = SubjectFacts(
            subject: .agent(AgentID("a")), branch: "feature/x", since: Timestamp(milliseconds: 0))
        func policy(_ options: String..., branch: String = "feature/*") -> Policy {
            Policy(
                pipelines: [],
                dialogs: options.map {
                    DialogRule(rule: "claude-*", option: $0, match: .entry(.init(branch: branch)))
                })
        }
        #expect(policy("Proceed").answer(to: dialog, on: facts).rule == nil)
        #expect(policy("Proceed").answer(to: dialog, on: facts).why == "no option says 'Proceed'")
        #expect(policy("Proceed", "No", "Yes").answer(to: dialog, on: facts).rule?.option == "No")
        #expect(policy("Yes", branch: "main").answer(to: dialog, on: facts).rule == nil)
        var main = facts
        main.subject = .mainCheckout
        #expect(policy("Yes").answer(to: dialog, on: main).rule == nil)
    }

    @Test func explanationsNameWhatIsMissing() throws {
        var rules = try Self.rules("proceed")
        rules.rules = [
            .init(
                name: "low", state: .idle, waitingFor: nil, priority: 1,
                conditions: .init(all: [.init(region: .screen, pattern: try Pattern("alpha"))])),
            .init(
                name: "high", state: .working, waitingFor: nil, priority: 9,
                conditions: .init(
                    all: [.init(region: .screen, pattern: try Pattern("alpha"))],
                    none: [.init(region: .screen, pattern: try Pattern("beta"))])),
            .init(
                name: "costly", state: .working, waitingFor: nil, priority: 5,
                conditions: .init(
                    all: [.init(region: .screen, pattern: try Pattern("(a+)+$", limits: .init(steps: 100)))])),
        ]
        let view = ScreenView(
            rows: ["", "alpha beta", String(repeating: "a", count: 60) + "!"], title: "", cursorRow: 0)
        let trials = rules.trials(on: view)
        #expect(trials.map(\.rule) == ["high", "costly", "low"])
        #expect(trials.map(\.holds) == [false, false, true])
        #expect(trials[0].obstacles.map(\.expression) == ["beta"])
        guard case .found(let evidence)? = trials[0].obstacles.first?.outcome else {
            Issue.record("what must not be there was not found")
            return
        }
        #expect(evidence.row == 1 && evidence.text == "alpha beta")
        #expect(trials[1].obstacles.map(\.outcome) == [.tooCostly])
        #expect(rules.judge(view).why.map(\.rule) == trials.filter(\.holds).map(\.rule))
    }
}
