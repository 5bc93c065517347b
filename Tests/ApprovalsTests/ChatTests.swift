import Core
import Store
import Testing

@testable import Approvals

@Suite(.timeLimit(.minutes(1)))
struct ChatTests {
    private let keys = ApprovalKeys(secret: Array("a secret of at least 32 bytes ......".utf8))

    /// A fleet that asks `Release?` for `feature/a`, and a bot at the same moment.
    private func withQuestion(
        channels: [String] = [], _ body: (ChatCommands, FleetStore) async throws -> Void
    ) async throws {
        let fleet = try await makeFleet()
        try await ask(fleet, "ap-1", stage: "lint", question: "Release?", channels: channels)
        try await body(ChatCommands(store: fleet, keys: keys, now: { later(60) }), fleet)
    }

    @Test(arguments: [
        ("/approve ap-1", ChatOrder.decide(.approve, id: "ap-1", reason: nil)),
        ("  @bot /reject   ap-1  too   early ", .decide(.reject, id: "ap-1", reason: "too early")),
        ("/approve@gate_bot ap-1", .decide(.approve, id: "ap-1", reason: nil)),
        ("APPROVE ap-1", .decide(.approve, id: "ap-1", reason: nil)),
        ("同意 ap-1", .decide(.approve, id: "ap-1", reason: nil)),
        ("拒绝 ap-1 再看看", .decide(.reject, id: "ap-1", reason: "再看看")),
        ("/approvals", .list), ("/help", .help), ("", .help), ("@bot", .help), ("/", .help),
        ("/approve", .incomplete("approve")), ("what is new?", .unknown("what")),
        ("/approved ap-1", .unknown("/approved")),
    ])
    func messagesAreUnderstood(text: String, order: ChatOrder) { #expect(ChatOrder(text) == order) }

    @Test func peopleAnswerFromTheirChat() async throws {
        try await withQuestion { chat, fleet in
            let list = try await chat.answer(text: "/approvals", sender: "ana")
            #expect(list.text.contains("ap-1 (feature/a, lint): Release?"))
            let reply = try await chat.answer(text: "/approve ap-1 looks good", sender: "ana")
            #expect(reply.isAnswered)
            #expect(reply.text == "ap-1 is approved: Release?")
            let answer = try #require(try await fleet.approval(ApprovalID("ap-1"))?.answer)
            #expect(answer.by == "ana")
            #expect(answer.through == "chat")
            #expect(answer.reason == "looks good")
            let late = try await chat.answer(text: "/reject ap-1", sender: "ben")
            #expect(!late.isAnswered)
            #expect(late.text.hasPrefix("Approval ap-1 was approved by ana through chat"))
            let unknown = try await chat.answer(text: "/reject nothing", sender: "ben")
            #expect(unknown.text.hasPrefix("No open approval is called 'nothing'"))
        }
    }

    /// What is repeated within its five minutes may not answer the next question.
    @Test(arguments: ["feature/a", "lint", "ap", "ap-", "ap-4", "4f"])
    func namesAndSingleLettersAnswerNothing(text: String) async throws {
        let fleet = try await makeFleet()
        let id = try await ask(fleet, "ap-4f27", stage: "lint")
        let chat = ChatCommands(store: fleet, keys: keys, now: { later(60) })
        #expect(try await !chat.answer(text: "/approve \(text)", sender: "ana").isAnswered)
        #expect(try await fleet.approval(id)?.state == .pending)
        #expect(try await chat.answer(text: "/approve 4f2", sender: "ana").isAnswered)
    }

    @Test func aPolicyThatWantsOtherChannelsIsObeyed() async throws {
        try await withQuestion(channels: ["web"]) { chat, fleet in
            let reply = try await chat.answer(text: "/approve ap-1", sender: "ana")
            #expect(!reply.isAnswered)
            #expect(try await fleet.approval(ApprovalID("ap-1"))?.state == .pending)
        }
    }

    @Test func callsMustBeSignedAndFresh() async throws {
        try await withQuestion { chat, fleet in
            let now = later(60)
            let body = Array("{\"text\":\"/approve ap-1\",\"sender\":\"ana\"}".utf8)
            let time = String(now.milliseconds / 1000)
            let signature = chat.signature(of: body, timestamp: time)
            for (sent, stamp, code) in [
                (body, time, nil), (body, nil, signature), (body + [32], time, signature),
                (body, String(now.milliseconds / 1000 - 301), signature),
                (body, time, "sha256=" + String(repeating: "0", count: 64)),
            ] as [([UInt8], String?, String?)] {
                let reply = try await chat.answer(body: sent, timestamp: stamp, signature: code)
                #expect(reply.status == 401)
                #expect(try await fleet.approval(ApprovalID("ap-1"))?.state == .pending)
            }
            let old = String(now.milliseconds / 1000 - 301)
            let stale = try await chat.answer(
                body: body, timestamp: old, signature: chat.signature(of: body, timestamp: old))
            #expect(stale.status == 401)
            let odd = Array("{\"text\":\"/approve ap-1\"}".utf8)
            #expect(
                try await chat.answer(
                    body: odd, timestamp: time, signature: chat.signature(of: odd, timestamp: time)
                ).status == 400)
            // A signature for an approval is none for a chat.
            let other = WebhookSignature(keys: keys).header(
                time: time, approval: ApprovalID("ap-1"), body: body)
            #expect(try await chat.answer(body: body, timestamp: time, signature: other).status == 401)
            let reply = try await chat.answer(body: body, timestamp: time, signature: signature)
            #expect(reply.isAnswered)
            let refused = try await fleet.counters().filter {
                $0.labels["through"] == "chat" && $0.labels["reason"] != nil
            }
            #expect(refused.reduce(0) { $0 + $1.value } == 7)
        }
    }
}
