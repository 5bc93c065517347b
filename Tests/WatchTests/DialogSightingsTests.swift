import Core
import Testing

@testable import Watch

struct DialogSightingsTests {
    static let rules: DetectionRules? = {
        guard let pattern = try? Pattern("[?]") else { return nil }
        return DetectionRules(
            kind: .claude, seenOn: "", programs: [], ready: .init(), rules: [], composer: nil,
            dialogs: [
                .init(
                    name: "permission", waitingFor: .permission,
                    conditions: .init(all: [.init(region: .screen, pattern: pattern)]), accept: nil)
            ])
    }()

    static func dialog(_ question: String, selected: Int = 0) -> DetectedDialog? {
        let options = ["1. Yes", "2. No"].enumerated().map { "\($0 == selected ? "❯" : " ") \($1)" }
        return rules?.dialog(ScreenView(rows: ["\(question)?", ""] + options, title: "", cursorRow: 0))
    }

    /// Looks every 100 ms; returns how often each question was decided on.
    static func decisions(_ shown: [String?]) -> [String: Int] {
        var sightings = DialogSightings()
        var counts: [String: Int] = [:]
        for (index, question) in shown.enumerated() {
            let dialog = question.flatMap { Self.dialog($0, selected: index % 2) }
            let now = Timestamp(milliseconds: Int64(index) * 100)
            guard let found = sightings.observe(dialog, tapOffset: Int64(index), at: now) else { continue }
            sightings.decide(found.dialog.identity, isAnswered: true)
            counts[String(found.dialog.question[0].dropLast()), default: 0] += 1
        }
        return counts
    }

    @Test func aDialogThatStandsIsDecidedOnOnceAndAFlashIsNot() {
        #expect(Self.decisions(Array(repeating: "a", count: 30)) == ["a": 1])
        #expect(Self.decisions(["a", nil, "a", nil, nil, "a", nil]) == [:])
    }

    @Test func aRepaintIsNoNewShowingAndAReturnIs() {
        #expect(Self.decisions(["a", "a", "a", nil, nil, "a", "a", "a"]) == ["a": 1])
        #expect(Self.decisions(["a", "a", "a", nil, nil, nil, nil, nil, "a", "a", "a"]) == ["a": 2])
    }

    @Test func dialogsThatFollowOneAnotherAreToldApart() {
        #expect(Self.decisions(["a", "a", "a", "b", "b", "b"]) == ["a": 1, "b": 1])
        // Half painted, another dialog seems to stand there for a moment.
        #expect(Self.decisions(["a", "a", "a", "b", "a", "a", "a"]) == ["a": 1])
    }

    @Test func whatIsNotWrittenDownIsReturnedAgain() {
        var sightings = DialogSightings()
        let dialog = Self.dialog("a")
        _ = sightings.observe(dialog, tapOffset: 5, at: Timestamp(milliseconds: 0))
        let first = sightings.observe(dialog, tapOffset: 9, at: Timestamp(milliseconds: 200))
        let second = sightings.observe(dialog, tapOffset: 9, at: Timestamp(milliseconds: 900))
        #expect(first?.offset == 5 && second == first)
    }

    @Test func anotherPolicyDecidesAnewOnlyWhatNobodyAnswered() throws {
        for isAnswered in [true, false] {
            var sightings = DialogSightings()
            let dialog = Self.dialog("a")
            sightings.decide(try #require(dialog).identity, isAnswered: isAnswered)
            sightings.reconsider()
            _ = sightings.observe(dialog, tapOffset: 0, at: Timestamp(milliseconds: 0))
            let found = sightings.observe(dialog, tapOffset: 0, at: Timestamp(milliseconds: 500))
            #expect((found == nil) == isAnswered)
        }
    }
}

struct ToldStateTests {
    static func at(_ milliseconds: Int64) -> Timestamp { Timestamp(milliseconds: milliseconds) }

    @Test func aProgramsOwnWordCountsAtOnceAndOutlastsAPaintingScreen() {
        var debouncer = StateDebouncer(accepted: .init(state: .working))
        let told = debouncer.tell(.init(state: .idle), at: Self.at(0))
        #expect(told?.state == .idle)
        let early = debouncer.observe(.init(state: .working), at: Self.at(100))
        let later = debouncer.observe(.init(state: .working), at: Self.at(900))
        #expect(early == nil && later == nil)
        let confirmed = debouncer.observe(.init(state: .idle), at: Self.at(1000))
        #expect(confirmed == nil)
        // From here on the screen is as good as ever.
        _ = debouncer.observe(.init(state: .working), at: Self.at(1100))
        let next = debouncer.observe(.init(state: .working), at: Self.at(1500))
        #expect(next?.state == .working)
    }

    @Test func aScreenThatGoesOnContradictingIsBelieved() {
        var debouncer = StateDebouncer(accepted: .init(state: .idle))
        _ = debouncer.tell(.init(state: .working), at: Self.at(0))
        _ = debouncer.observe(.init(state: .idle), at: Self.at(100))
        #expect(debouncer.deadline == Self.at(2100))
        let found = debouncer.observe(.init(state: .idle), at: Self.at(2100))
        #expect(found?.state == .idle)
    }

    @Test func aGuessDoesNotContradictAWordAndTheEndOfTheProgramDoes() {
        var debouncer = StateDebouncer(accepted: .init(state: .working))
        _ = debouncer.tell(.init(state: .waiting, waitingFor: .permission), at: Self.at(0))
        let guess = debouncer.observe(.init(state: .idle), isGuess: true, at: Self.at(60_000))
        #expect(guess == nil && debouncer.accepted.waitingFor == .permission)
        let end = debouncer.observe(.init(state: .exited, exitStatus: 0), at: Self.at(60_001))
        #expect(end?.state == .exited)
    }
}
