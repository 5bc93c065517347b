import Core
import Testing

@Suite("A rehearsed policy")
struct PolicyRehearsalTests {
    private static let start = Timestamp(milliseconds: 1_000_000)
    private static let facts = SubjectFacts(
        subject: .agent(AgentID("a")), branch: "feature/x", since: start)

    private func rehearsal(_ stages: Stage..., hands: RehearsedHands = RehearsedHands()) -> PolicyRehearsal {
        PolicyRehearsal(
            policy: Policy(pipelines: [Pipeline(name: "ci", stages: stages)]), facts: Self.facts,
            hands: hands, at: Self.start)
    }

    private func words(_ rehearsal: PolicyRehearsal) -> [String] {
        rehearsal.deeds.map { deed in
            let after = DurationText.text(deed.at.distance(from: Self.start))
            return "\(after) \(deed.stage ?? "-"): \(deed.words)"
        }
    }

    @Test("Deadlines are met at their own times, however far the clock jumps")
    func deadlines() {
        var rehearsal = rehearsal(
            Stage(
                name: "test", actionsOnStart: [.sh("make")],
                failure: .steps(.retry(RetryPlan(max: 1, backoff: .seconds(10))))),
            hands: RehearsedHands(endings: [
                "make": [.exit(1, after: .seconds(2)), .exit(0, after: .seconds(3))]
            ]))
        rehearsal.advance(to: Self.start.advanced(by: .seconds(3600)))
        #expect(
            words(rehearsal) == [
                "0s -: run running", "0s test: RUNNING", "0s test: shell 'make'", "2s test: WAITING_TRIGGER",
                "12s test: RUNNING", "12s test: shell 'make'", "15s test: COMPLETED", "15s -: run completed",
            ])
        #expect(rehearsal.assumed == [])
        #expect(rehearsal.now == Self.start.advanced(by: .seconds(3600)))
    }

    @Test(
        "A command without an ending is under way until it is ended, or assumed to succeed where that is asked"
    )
    func unknownCommands() throws {
        let stage = Stage(name: "build", actionsOnStart: [.sh("make")])
        var open = rehearsal(stage)
        #expect(open.underway.map(\.action.words) == ["shell 'make'"])
        open.end(try #require(open.underway.first), .exit(0))
        #expect(open.machine.runs.map(\.state) == [.completed])
        let assumed = rehearsal(stage, hands: RehearsedHands(otherShell: .exit(0)))
        #expect(assumed.machine.runs.map(\.state) == [.completed])
        #expect(assumed.assumed.map { assumed.deeds[$0].words } == ["shell 'make'"])
    }

    @Test("The same events give the same deeds and ids")
    func deterministic() {
        func play() -> PolicyRehearsal {
            var rehearsal = rehearsal(
                Stage(name: "ask", approval: ApprovalRequest(expires: .seconds(60))), Stage(name: "end"))
            rehearsal.receive([.line("x")])
            rehearsal.advance(to: Self.start.advanced(by: .seconds(61)))
            return rehearsal
        }
        #expect(play().deeds == play().deeds)
        #expect(play().machine.runs == play().machine.runs)
        #expect(play().machine.runs.map(\.state) == [.failed])
        #expect(play().questions.isEmpty)
    }

    @Test("An emitted name in capitals is a marker, in lower case a named signal")
    func emitted() {
        let rehearsal = rehearsal(
            Stage(
                name: "tell",
                actionsOnStart: [
                    .emit(name: "TEST", payload: JSONObjectBox(["failed": 0])),
                    .emit(name: "done", payload: JSONObjectBox(JSONObject())), .sh("wait"),
                ], successWhen: .all([.marker(("type", "TEST"), ("failed", 0)), .signal("done")])),
            hands: RehearsedHands(otherShell: .exit(0, after: .seconds(1))))
        var later = rehearsal
        later.advance(to: Self.start.advanced(by: .seconds(2)))
        #expect(later.machine.runs.map(\.state) == [.completed])
    }
}

@Suite("Texts of times")
struct TimestampTextTests {
    @Test(
        "What is printed is read back",
        arguments: [0, 1_767_225_600_000, 1_790_000_000_123, 951_782_400_000] as [Int64])
    func roundTrip(milliseconds: Int64) {
        let time = Timestamp(milliseconds: milliseconds)
        #expect(Timestamp(iso8601: time.iso8601) == time)
    }

    @Test("Shorter forms mean midnight and whole minutes; other texts mean nothing")
    func forms() {
        #expect(Timestamp(iso8601: "2026-01-01") == Timestamp(iso8601: "2026-01-01T00:00:00.000Z"))
        #expect(Timestamp(iso8601: "2026-01-01T08:30Z")?.iso8601 == "2026-01-01T08:30:00.000Z")
        for text in ["", "24h", "2026-13-01", "2026-01-01T25:00", "2026-01", "2026-01-01T08", "x-y-z"] {
            #expect(Timestamp(iso8601: text) == nil, "\(text)")
        }
    }
}
