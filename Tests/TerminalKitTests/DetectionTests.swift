import Config
import Core
import Foundation
import TerminalKit
import Testing
import Watch

@Suite(.timeLimit(.minutes(2)))
struct DetectionTests {
    static let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
        .deletingLastPathComponent()
        .deletingLastPathComponent().appendingPathComponent("Sources/Core/Detection/rules")

    static func rules(_ kind: AgentKind) throws -> DetectionRules {
        let data = try Data(contentsOf: folder.appendingPathComponent("\(kind).yaml"))
        return try DetectionFile.decode([UInt8](data), file: "\(kind).yaml").value
    }

    @Test(arguments: AgentKind.known)
    func builtInRulesAreReadable(_ kind: AgentKind) throws {
        let rules = try Self.rules(kind)
        #expect(rules.kind == kind)
        #expect(!rules.rules.isEmpty && !rules.programs.isEmpty && !rules.seenOn.isEmpty)
    }

    @Test(arguments: Recording.all)
    func inspectionSaysTheTrueStateOfEveryCheckpoint(_ recording: Recording) throws {
        let rules = try Self.rules(recording.kind)
        let resizes = recording.resizes.map {
            TapInspection.Resize(offset: $0.offset, size: TerminalSize(columns: $0.cols, rows: $0.rows))
        }
        for checkpoint in recording.checkpoints {
            let seen = TapInspection(
                tap: recording.tap, size: recording.size, resizes: resizes, until: checkpoint.offset,
                kind: recording.kind, rules: rules)
            let place = "\(recording.name) \(checkpoint.name)"
            #expect(seen.detection.state.rawValue == checkpoint.state, "\(place)")
            #expect(seen.markers.count == checkpoint.markers, "\(place)")
            #expect(!seen.detection.why.isEmpty, "\(place)")
        }
    }

    @Test func jsonHasThePromisedKeys() throws {
        let tap = Array("$ run\r\n### SENTRY {\"type\":\"STATUS\"}\r\n$ ".utf8)
        let json = TapInspection(
            tap: tap, size: TerminalSize(columns: 40, rows: 3), kind: .shell, rules: try Self.rules(.shell)
        ).json
        #expect(json["size"] == "40x3")
        #expect(json["screen"] == ["$ run", "### SENTRY {\"type\":\"STATUS\"}", "$"])
        #expect(json["markers"]?.array?.first?["payload"] == ["type": "STATUS"])
        #expect(json["markers"]?.array?.first?["repaired"] == false)
        #expect(json["state"] == "idle")
        #expect(json["why"]?.array?.isEmpty == false)
    }

    @Test func trustDialogOffersItsOptions() throws {
        let recording = try Recording.load("claude-trust")
        let reader = PaneReader(size: recording.size, kind: .claude)
        _ = recording.read(reader, to: recording.tap.count)
        let view = ScreenView(rows: reader.screen.rows, title: reader.screen.title, cursorRow: 0)
        let dialog = try #require(try Self.rules(.claude).dialog(view))
        #expect(dialog.waitingFor == .trust)
        #expect(dialog.options.map(\.label) == ["No, exit", "Yes, I trust this folder"])
        #expect(dialog.options.map(\.isSelected) == [true, false])
        #expect(dialog.accept == 1)
    }

    /// What is explained is what decides, on every screen that we have.
    @Test(arguments: Recording.all)
    func explanationsAgreeWithTheVerdict(_ recording: Recording) throws {
        let rules = try Self.rules(recording.kind)
        let reader = PaneReader(size: recording.size, kind: recording.kind)
        for checkpoint in recording.checkpoints {
            _ = recording.read(reader, to: checkpoint.offset)
            let screen = reader.screen
            let view = ScreenView(rows: screen.rows, title: screen.title, cursorRow: screen.cursor.row)
            let trials = rules.trials(on: view)
            #expect(trials.filter(\.holds).map(\.rule) == rules.judge(view).why.map(\.rule))
            #expect(trials.allSatisfy { $0.holds || !$0.obstacles.isEmpty })
        }
    }

    @Test(arguments: [
        ("claude-stages", "permission", "claude-permission", "Yes", 4),
        ("claude-resizes", "after_SAY-TOOL", "claude-permission", "No", 4),
        (
            "claude-resizes", "perm_resized", "claude-permission",
            "Yes, and always allow access to /etc from this project", 4
        ),
        ("codex-stages", "permission", "codex-permission", "Yes, proceed", 3),
        ("codex-trust", "trust_dialog", "codex-trust", "Trust and continue", 2),
    ])
    func dialogsOfferTheirOptionsByText(
        _ name: String, _ moment: String, _ rule: String, _ option: String, _ count: Int
    ) throws {
        let recording = try Recording.load(name)
        let reader = PaneReader(size: recording.size, kind: recording.kind)
        let checkpoint = try #require(recording.checkpoints.first { $0.name == moment })
        _ = recording.read(reader, to: checkpoint.offset)
        let view = ScreenView(rows: reader.screen.rows, title: reader.screen.title, cursorRow: 0)
        let dialog = try #require(try Self.rules(recording.kind).dialog(view))
        #expect(dialog.rule == rule)
        #expect(dialog.options.count == count)
        #expect(dialog.options.count { $0.isSelected } == 1)
        #expect(throws: Never.self) { try dialog.index(ofOption: option) }
        #expect(!dialog.question.isEmpty)
    }

    @Test(arguments: [("claude-stages", AgentKind.claude), ("codex-stages", .codex)])
    func emptyComposerIsSeen(_ name: String, _ kind: AgentKind) throws {
        let recording = try Recording.load(name)
        let reader = PaneReader(size: recording.size, kind: kind)
        let rules = try Self.rules(kind)
        for checkpoint in recording.checkpoints where checkpoint.state == "idle" {
            _ = recording.read(reader, to: checkpoint.offset)
            let view = ScreenView(rows: reader.screen.rows, title: reader.screen.title, cursorRow: 0)
            #expect(rules.composerContent(view)?.isEmpty == true, "\(checkpoint.name)")
            #expect(rules.judge(view).isReady, "\(checkpoint.name)")
        }
    }

    @Test func builtInRulesAreTheFiles() throws {
        let builtIn = try DetectionFile.builtIn()
        #expect(Set(builtIn.map(\.kind)) == Set(AgentKind.known))
        for rules in builtIn { #expect(try rules == Self.rules(rules.kind), "\(rules.kind)") }
    }

    /// Codex 0.163.0 around a paste and Enter, from a run of the real program.
    static let codexMoments: [(rows: [String], isEmpty: Bool, state: AgentState)] = [
        (["› Ask Codex to do anything", "", "  ? for shortcuts"], true, .idle),
        (["› [Pasted Content 1349 chars]", "", "  ? for shortcuts"], false, .idle),
        (
            [
                "› [Pasted Content 1349 chars]", "", "  mock default · /tmp/w",
                "  Waiting for startup  · esc cancel",
            ], false, .working
        ),
        (
            [
                "  line 39 of a briefing", "", "", "• Working (0s • esc to interrupt)", "", "",
                "› Ask Codex to do anything", "", "  mock default · /tmp/w",
                "  ← for agents · ? for shortcuts",
            ], true, .working
        ),
        (["• Done and fine.", "", "", "› 请说 SAY-OK 谢谢", "", "  mock default · /tmp/w"], false, .idle),
        (
            [
                "› please SAY-SLOW now", "", "", "• One two three", "", "", "› and then SAY-OK", "",
                "  mock default · /tmp/w · ⠏", "  tab to queue message",
            ], false, .working
        ),
        (
            [
                "• One two three.",
                "• Messages to be submitted after next tool call (press esc to interrupt)",
                "  ↳ and then SAY-OK", "", "", "› Ask Codex to do anything", "",
                "  mock default · /tmp/w · ⠏",
            ], true, .working
        ),
    ]

    @Test(arguments: 0..<codexMoments.count)
    func codexComposerIsJudgedRightAroundEnter(_ number: Int) throws {
        let moment = Self.codexMoments[number]
        let rules = try Self.rules(.codex)
        let view = ScreenView(rows: [""] + moment.rows, title: "", cursorRow: 0)
        #expect(rules.composerContent(view)?.isEmpty == moment.isEmpty)
        #expect(rules.judge(view).state == moment.state)
    }

    private static let box = String(repeating: "─", count: 60)

    /// Screens about limits: words of the programs' own releases around their composers.
    static let limits: [(kind: AgentKind, rows: [String], state: AgentState, waitingFor: WaitingFor?)] = [
        (
            .claude,
            [
                "❯ go on", "  ⎿  You've hit your limit · resets 3pm (UTC)", "", box, "❯ ", box,
                "  ? for shortcuts",
            ], .waiting, .usageLimit
        ),
        (
            .claude,
            [
                box, "  What do you want to do?", "", "  ❯ 1. Stop and wait for limit to reset",
                "    2. Upgrade your plan", "", "  Enter to confirm · Esc to cancel",
            ], .waiting, .usageLimit
        ),
        (
            .claude,
            [
                "● The client retries when a usage limit reached the server.", "", box, "❯ ", box,
                "  ? for shortcuts",
            ], .idle, nil
        ),
        (
            .codex,
            [
                "■ You've hit your usage limit. Try again at 3:05 PM.", "", "",
                "› Ask Codex to do anything", "", "  ? for shortcuts",
            ], .waiting, .usageLimit
        ),
        (
            .codex,
            [
                "• The tests say what happens when you hit your usage limit.", "", "",
                "› Ask Codex to do anything", "", "  ? for shortcuts",
            ], .idle, nil
        ),
    ]

    @Test(arguments: 0..<limits.count)
    func aLimitIsWaitedForAndTalkAboutLimitsIsNot(_ number: Int) throws {
        let screen = Self.limits[number]
        let detection = try Self.rules(screen.kind).judge(
            ScreenView(rows: [""] + screen.rows, title: "", cursorRow: 0))
        #expect(detection.state == screen.state, "\(detection.why.map(\.rule))")
        #expect(detection.waitingFor == screen.waitingFor)
    }
}
