import Approvals
import Core
import Fleet
import HTTPKit
import Store
import Testing

@testable import Web

@Suite(.timeLimit(.minutes(2)))
struct ApprovalRouteTests {
    static let id = ApprovalID("ap-0000000000001")
    static let path = "/api/approvals/ap-0000000000001"
    static let browser = (name: "Accept", value: "text/html,*/*")

    static func state(_ site: SiteFixture) async throws -> Approval? {
        try await site.context.store.approval(id)
    }

    /// The path of a link as a notice carries it.
    static func link(_ site: SiteFixture) async throws -> String {
        let keys = ApprovalKeys(secret: try site.context.secret())
        let approval = try await #require(state(site))
        let pair = ApprovalLinks(base: "", keys: keys).pair(for: approval, channels: [], at: site.clock.now())
        return try #require(pair).approve
    }

    @Test func looksChangeNothingAndOneAnswerCounts() async throws {
        try await withSite(settings: "[dashboard]\nlogin = \"always\"\n") { site in
            try await site.addAgent()
            try await site.ask(question: "Deploy <b>now</b>?")
            let approve = try await Self.link(site)
            let reject = approve.replacing("/approve", with: "/reject")
            for path in [approve, reject, approve.replacing("/approve", with: "")] {
                let page = try await site.get(path, [Self.browser])
                #expect(page.status == 200 && page.text.contains("Deploy &lt;b&gt;now"), "\(path)")
                #expect(page.headers["referrer-policy"] == "no-referrer")
                #expect(page.headers["cache-control"] == "no-store")
            }
            #expect(try await Self.state(site)?.state == .pending)
            // A browser sends "null" from a page without a referrer.
            let answer = try await site.form(
                approve, "reason=looks+good", [("Origin", "null"), Self.browser])
            #expect(answer.status == 200)
            let stored = try await Self.state(site)
            #expect(stored?.state == .approved && stored?.answer?.through == "link")
            #expect(stored?.answer?.reason == "looks good")
            let late = try await site.form(reject, "", [Self.browser])
            #expect(late.status == 409)
            #expect(try await site.get(approve).status == 200, "the page says how it went")
            #expect(try await Self.state(site)?.state == .approved)
        }
    }

    @Test func forgedAndOverdueLinksTellNothing() async throws {
        try await withSite { site in
            try await site.addAgent()
            try await site.ask()
            let link = try await Self.link(site)
            for token in ["x", "a.b", "%00", String(link.dropFirst(3).dropLast(9)), "x" + link.dropFirst(3)] {
                let path = "/a/\(token.split(separator: "/").first ?? "x")/approve"
                let page = try await site.get(path)
                #expect(page.status == 404 && !page.text.contains("Deploy now?"), "\(path)")
                let answer = try await site.form(path, "")
                #expect([400, 401].contains(answer.status) && !answer.text.contains("deploy"), "\(path)")
            }
            site.clock.advance(by: .seconds(86_401))
            #expect(try await site.get(link).status == 404)
            #expect(try await site.form(link, "").status == 410)
            #expect(try await Self.state(site)?.state == .pending)
        }
    }

    @Test func whatIsTurnedAwayAtTheDoorIsCounted() async throws {
        try await withSite { site in
            try await site.addAgent()
            try await site.ask()
            let link = try await Self.link(site)
            let large = [UInt8](repeating: 97, count: site.site.limits.body + 1)
            #expect(try await site.send("POST", link, [], large).status == 413)
            #expect(try await site.send("POST", Self.path, [site.bearer], large).status == 413)
            #expect(try await site.post(Self.path, ["decision": "approve"]).status == 401)
            #expect(try await site.post("/api/commands", ["text": "x"]).status == 401)
            #expect(try await site.get(Self.path, [("X-Auth-Token", "guess")]).status >= 400)
            let refusals = try await site.context.store.counters().filter {
                $0.name == "tmux_agent_approval_refusals_total"
            }
            let told = refusals.map {
                "\($0.labels["through"] ?? "")/\($0.labels["reason"] ?? "") \(Int($0.value))"
            }
            #expect(told.sorted() == ["link/too_large 1", "webhook/forged 1", "webhook/too_large 1"])
            #expect(try await Self.state(site)?.state == .pending)
        }
    }

    @Test func programsAnswerWithTheTokenOrASignature() async throws {
        try await withSite { site in
            try await site.addAgent()
            try await site.ask()
            #expect(try await site.post(Self.path, ["decision": "approve"]).status == 401)
            let bad = try await site.post(Self.path, ["decision": "perhaps"], [site.bearer])
            #expect(bad.status == 400 && bad.errorCode == "unusable_body")

            let time = "\(site.clock.now().milliseconds / 1000)"
            let body = Array("{\"decision\":\"reject\",\"by\":\"bot\"}".utf8)
            let signature = WebhookSignature(keys: ApprovalKeys(secret: try site.context.secret()))
            let header = signature.header(time: time, approval: Self.id, body: body)
            let forged = try await site.send(
                "POST", Self.path,
                [("X-Timestamp", time), ("X-Signature-256", "sha256=" + header.suffix(64).reversed())],
                body)
            #expect(forged.status == 401 && forged.errorCode == "approval_forged")
            let other = try await site.send(
                "POST", "/api/approvals/ap-0000000000002",
                [("X-Timestamp", time), ("X-Signature-256", header)], body)
            #expect(other.status == 401, "the signature is over the id")
            let signed = try await site.send(
                "POST", Self.path, [("X-Timestamp", time), ("X-Signature-256", header)], body)
            #expect(signed.status == 200 && signed.json["approval"]?["state"]?.string == "rejected")
            let stored = try await Self.state(site)
            #expect(stored?.answer?.through == "webhook" && stored?.answer?.by == "bot")
            let replay = try await site.send(
                "POST", Self.path, [("X-Timestamp", time), ("X-Signature-256", header)], body)
            #expect(replay.status == 409 && replay.errorCode == "approval_answered")
            let missing = try await site.post(
                "/api/approvals/ap-0000000000009", ["decision": "approve"], [site.bearer])
            #expect(missing.status == 404)
        }
    }

    @Test func whoIsLoggedInHearsThatAQuestionIsNotThere() async throws {
        try await withSite { site in
            let answer = try await site.post(
                "/api/approvals/ap-nope", ["decision": "approve"], [site.bearer])
            #expect(answer.status == 404 && answer.errorCode == "approval_not_found")
            #expect(answer.text.contains("No open approval is called 'ap-nope'"), "\(answer.text)")
        }
    }

    @Test func aBotAnswersForThoseWhoWriteToIt() async throws {
        try await withSite(settings: "[dashboard]\nlogin = \"always\"\n") { site in
            try await site.addAgent()
            try await site.ask()
            let time = "\(site.clock.now().milliseconds / 1000)"
            let chat = ChatCommands(
                store: site.context.store, keys: ApprovalKeys(secret: try site.context.secret()),
                now: site.clock.now)
            let body = Array("{\"text\":\"@bot /approve ap-000 looks good\",\"sender\":\"ana\"}".utf8)
            let proof = chat.signature(of: body, timestamp: time)
            let other = Array("{\"text\":\"/reject ap-00\",\"sender\":\"ana\"}".utf8)
            let forged = try await site.send(
                "POST", "/api/wecom", [("X-Timestamp", time), ("X-Signature-256", proof)], other)
            #expect(forged.status == 401 && forged.json["answered"] == false)
            #expect(try await Self.state(site)?.state == .pending)
            let answered = try await site.send(
                "POST", "/api/wecom", [("X-Timestamp", time), ("X-Signature-256", proof)], body)
            #expect(answered.status == 200 && answered.json["answered"] == true, "\(answered.text)")
            let stored = try await Self.state(site)
            #expect(stored?.answer?.through == "chat" && stored?.answer?.by == "ana")
            #expect(stored?.answer?.reason == "looks good")
        }
    }

    @Test func peopleAnswerOnThePagesAndThePolicySaysWhere() async throws {
        try await withSite(page: .portal) { site in
            try await site.addAgent()
            try await site.ask()
            try await site.ask("ap-0000000000002", channels: ["cli"])
            let cookie = try await site.logIn()
            let refused = try await site.post(Self.path, ["decision": "approve"], [cookie])
            #expect(refused.errorCode == "foreign_page")
            let answer = try await site.post(
                Self.path, ["decision": "approve", "reason": "fine"], [cookie, site.ownPage])
            #expect(answer.status == 200)
            let stored = try await Self.state(site)
            #expect(stored?.answer?.through == "portal" && stored?.answer?.by == "ada (portal)")
            let other = try await site.post(
                "/api/approvals/ap-0000000000002", ["decision": "approve"], [cookie, site.ownPage])
            #expect(other.status == 403 && other.errorCode == "approval_channel")
            let open = try await site.get("/api/approvals").json["approvals"]?.array
            #expect(open?.compactMap { $0["id"]?.string } == ["ap-0000000000002"])
        }
    }

    @Test func answersOfManyAtOnceCountOnce() async throws {
        try await withSite { site in
            try await site.addAgent()
            try await site.ask()
            let statuses = try await withThrowingTaskGroup(of: Int.self) { group in
                for number in 0..<8 {
                    group.addTask {
                        let client = HTTPClient(label: "many.\(number)")
                        let body = "{\"decision\":\"\(number % 2 == 0 ? "approve" : "reject")\"}"
                        return try await client.send(
                            HTTPRequest(
                                method: "POST", url: site.url + Self.path, headers: [site.bearer],
                                body: Array(body.utf8))
                        ).status
                    }
                }
                return try await group.reduce(into: []) { $0.append($1) }
            }
            #expect(statuses.sorted() == [200] + [Int](repeating: 409, count: 7))
        }
    }
}
