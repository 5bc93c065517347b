import Core
import ProcessKit
import Store
import SystemPackage
import TestSupport
import Testing

@testable import Approvals

@Suite(.timeLimit(.minutes(1)))
struct ApprovalAnswersTests {
    private let keys = ApprovalKeys(secret: Array("a secret of at least 32 bytes ......".utf8))

    private func token(_ id: String, expires: Timestamp = later(3600)) -> String {
        ApprovalToken(approval: ApprovalID(id), expiresAt: expires).text(signedWith: keys)
    }

    private func refusals(_ fleet: FleetStore) async throws -> [String: Double] {
        let counters = try await fleet.counters().filter { $0.name == "tmux_agent_approval_refusals_total" }
        return Dictionary(
            counters.map { ("\($0.labels["through"] ?? "")/\($0.labels["reason"] ?? "")", $0.value) }
        ) { $1 }
    }

    @Test func aLinkAnswersOnceAndSaysWhoThroughWhatAndWhy() async throws {
        let fleet = try await makeFleet()
        try await ask(fleet, "ap-1")
        let door = ApprovalAnswers(store: fleet, keys: keys)
        let words = AnswerAttempt.Words(.approve, reason: "looks good", by: "ada (phone)")
        let first = try await door.answer(.link(token: token("ap-1"), words), at: later(5))
        guard case .accepted(let approval) = first else {
            Issue.record("\(first)")
            return
        }
        #expect(approval.state == .approved)
        #expect(
            approval.answer
                == ApprovalAnswer(
                    decision: .approve, by: "ada (phone)", through: "link", at: later(5), reason: "looks good"
                ))
        // The same link once more, and the other button of it.
        for decision in ApprovalAnswer.Decision.allCases {
            let again = try await door.answer(.link(token: token("ap-1"), .init(decision)), at: later(6))
            #expect(again == .answered(approval))
        }
        #expect(try await fleet.approval(ApprovalID("ap-1")) == approval)
        #expect(try await refusals(fleet).isEmpty)
    }

    @Test func whatProvesNothingIsRefusedAlikeAndCountedByReason() async throws {
        let fleet = try await makeFleet()
        try await ask(fleet, "ap-1")
        try await ask(fleet, "ap-2", agent: 4)
        let door = ApprovalAnswers(store: fleet, keys: keys)
        let good = token("ap-1")
        let stranger = ApprovalKeys(secret: Array("another secret of 32 bytes .........".utf8))
        let foreign = ApprovalToken(approval: ApprovalID("ap-1"), expiresAt: later(60))
            .text(signedWith: stranger)
        let attempts: [(AnswerAttempt, AnswerRefusal)] = [
            (.link(token: foreign, .init(.approve)), .forged),
            (.link(token: String(good.dropLast(3)), .init(.approve)), .forged),
            (.link(token: "nonsense", .init(.approve)), .malformed),
            (.link(token: String(repeating: "x", count: 10 << 20), .init(.approve)), .tooLarge),
            (.link(token: good, demanded: ApprovalID("ap-2"), .init(.approve)), .otherApproval),
            (.link(token: token("ap-9"), .init(.approve)), .notFound),
            (.link(token: token("ap-1", expires: noon), .init(.approve)), .linkExpired),
            (.login(ApprovalID("ap-9"), through: .web, .init(.approve)), .notFound),
        ]
        for (attempt, refusal) in attempts {
            #expect(try await door.answer(attempt, at: later(1)) == .refused(refusal))
        }
        let silent: [AnswerRefusal] = [.tooLarge, .malformed, .forged, .otherApproval, .notFound]
        #expect(Set(silent.map(\.message)).count == 1)
        #expect(try await fleet.pendingApprovals().count == 2)
        #expect(
            try await refusals(fleet) == [
                "link/forged": 2, "link/malformed": 1, "link/too_large": 1, "link/other_approval": 1,
                "link/not_found": 1, "link/link_expired": 1, "web/not_found": 1,
            ])
    }

    @Test func anExpiredQuestionHasItsConsequenceWhateverTheLinkSays() async throws {
        let fleet = try await makeFleet()
        try await ask(fleet, "ap-1", expires: later(60), onExpire: .approved)
        let door = ApprovalAnswers(store: fleet, keys: keys)
        let late = try await door.answer(
            .link(token: token("ap-1", expires: later(60)), .init(.reject)), at: later(60))
        guard case .expired(let approval) = late else {
            Issue.record("\(late)")
            return
        }
        #expect(approval.state == .approved)
        #expect(approval.answer?.through == "expiry")
        #expect(approval.answer?.by == "expiry")
    }

    @Test func aStageMayWantItsAnswerInCertainWaysOnly() async throws {
        let fleet = try await makeFleet()
        try await ask(fleet, "ap-1", channels: ["web", "link"])
        let door = ApprovalAnswers(store: fleet, keys: keys)
        let id = ApprovalID("ap-1")
        for place in [AnswerAttempt.Place.portal, .chat, .webhook] {
            let result = try await door.answer(.login(id, through: place, .init(.approve)), at: later(1))
            #expect(result == .refused(.channel))
        }
        await #expect(throws: StoreError.self) {
            try await ApprovalDesk(store: fleet).answer(
                "ap-1", .approve, reason: nil,
                by: TerminalCaller(name: "ada", environment: [:]) { false }, at: later(1))
        }
        let web = try await door.answer(.login(id, through: .web, .init(.reject, by: "ada")), at: later(2))
        guard case .accepted(let approval) = web else {
            Issue.record("\(web)")
            return
        }
        #expect(approval.answer?.through == "web")
    }

    private func call(
        _ body: String, id: String = "ap-1", time: String? = nil, signedFor: String? = nil, at now: Timestamp
    ) -> AnswerAttempt {
        let time = time ?? String(now.milliseconds / 1000)
        let signature = WebhookSignature(keys: keys).header(
            time: time, approval: ApprovalID(signedFor ?? id), body: Array(body.utf8))
        return .signedCall(
            ApprovalID(id), body: Array(body.utf8), timestamp: time, signature: signature)
    }

    @Test func aSignedCallAnswersWithWhatItsBodySays() async throws {
        let fleet = try await makeFleet()
        try await ask(fleet, "ap-1")
        let door = ApprovalAnswers(store: fleet, keys: keys)
        let attempt = call(
            #"{"decision": "reject", "reason": "red build", "by": "ci"}"#, at: later(10))
        let result = try await door.answer(attempt, at: later(12))
        guard case .accepted(let approval) = result else {
            Issue.record("\(result)")
            return
        }
        #expect(
            approval.answer
                == ApprovalAnswer(
                    decision: .reject, by: "ci", through: "webhook", at: later(12), reason: "red build"))
        // Sent again by somebody who recorded it.
        #expect(try await door.answer(attempt, at: later(13)) == .answered(approval))
    }

    @Test func callsThatAreNotSignedWholeAndFreshAreRefused() async throws {
        let fleet = try await makeFleet()
        try await ask(fleet, "ap-1")
        try await ask(fleet, "ap-2", agent: 4)
        let door = ApprovalAnswers(store: fleet, keys: keys)
        let yes = #"{"decision":"approve"}"#
        guard case .signedCall(_, let body, let time, let signature) = call(yes, at: later(0)) else { return }
        let id = ApprovalID("ap-1")
        func signed(_ body: [UInt8], _ time: String?, _ signature: String?) -> AnswerAttempt {
            .signedCall(id, body: body, timestamp: time, signature: signature)
        }
        let big = String(repeating: " ", count: 10 << 20) + yes
        let cases: [(AnswerAttempt, Timestamp, AnswerRefusal)] = [
            (call(yes, at: later(0)), later(301), .stale), (call(yes, at: later(302)), later(0), .stale),
            (call(yes, signedFor: "ap-2", at: noon), noon, .forged),
            (signed(Array(#"{"decision":"reject"}"#.utf8), time, signature), noon, .forged),
            (signed(body, "\(noon.milliseconds / 1000 + 1)", signature), noon, .forged),
            (signed(body, time, signature.map { String($0.dropLast(2)) }), noon, .forged),
            (signed(body, time, nil), noon, .malformed), (signed(body, nil, signature), noon, .malformed),
            (signed(body, time, "sha256=zz"), noon, .malformed),
            (signed(body, time, signature.map { String($0.dropFirst(7)) }), noon, .malformed),
            (signed(body, "+\(time ?? "")", signature), noon, .malformed),
            (signed(body, "9223372036854775807", signature), noon, .malformed),
            (call("{}", at: noon), noon, .unusableBody),
            (call(#"{"decision":"approved"}"#, at: noon), noon, .unusableBody),
            (call(big, at: noon), noon, .tooLarge),
        ]
        for (attempt, now, refusal) in cases {
            #expect(try await door.answer(attempt, at: now) == .refused(refusal))
        }
        #expect(try await fleet.pendingApprovals().count == 2)
        let counted = try await refusals(fleet).values.reduce(0, +)
        #expect(counted == Double(cases.count))
        // At both ends of the five minutes it is fresh.
        guard case .accepted = try await door.answer(call(yes, at: later(0)), at: later(300)) else {
            Issue.record("five minutes are allowed")
            return
        }
    }

    /// What docs/formats.md tells callers to run, against the verification.
    @Test func openSSLMakesTheSameSignature() async throws {
        let body = #"{"decision":"approve","reason":"it's fine"}"#
        let result = try await CommandRunner().run(
            Command(
                "sh",
                [
                    "-c",
                    #"printf '%s' "$1.$2.$3" | openssl dgst -sha256 -mac HMAC -macopt "hexkey:$4" | sed 's/^.*= /sha256=/'"#,
                    "sh", "1767268800", "ap-1", body, keys.webhookKey,
                ], environment: ["PATH": "/usr/bin:/bin"], timeout: .seconds(20)))
        #expect(result.isSuccess, "\(result.errorText)")
        let made = result.text.trimmingSuffixNewline
        #expect(
            made
                == WebhookSignature(keys: keys).header(
                    time: "1767268800", approval: ApprovalID("ap-1"), body: Array(body.utf8)))
    }

    @Test func ofManyAtOnceOneIsAcceptedAndAllOthersHearOfIt() async throws {
        try await withTemporaryFolder { folder in
            // Two connections to one file, as two processes have them.
            let stores = try (0..<2).map { _ in
                try Store.open(path: folder.appending("state.db"), role: .command, now: noon)
            }
            let fleet = try await makeFleet(stores[0])
            for number in 0..<10 {
                let id = "ap-\(number)"
                try await ask(fleet, id)
                let keys = keys
                let results = try await withThrowingTaskGroup(of: AnswerResult.self) { group in
                    for index in 0..<8 {
                        let door = ApprovalAnswers(
                            store: stores[index % 2].fleet(fleet.fleet), keys: keys)
                        let words = AnswerAttempt.Words(
                            index.isMultiple(of: 3) ? .approve : .reject, by: "person \(index)")
                        let token = token(id)
                        group.addTask { try await door.answer(.link(token: token, words), at: later(1)) }
                    }
                    return try await group.reduce(into: [AnswerResult]()) { $0.append($1) }
                }
                let accepted = results.compactMap {
                    if case .accepted(let approval) = $0 { approval } else { nil }
                }
                try #require(accepted.count == 1)
                #expect(results.count { $0 == .answered(accepted[0]) } == 7)
            }
            let answered = try await fleet.journal(after: 0, kinds: [.approvalAnswered], limit: 100)
            #expect(answered.count == 10)
            for store in stores { try store.close() }
        }
    }
}
