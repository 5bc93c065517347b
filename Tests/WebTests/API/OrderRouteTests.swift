import Core
import Fleet
import Glibc
import HTTPKit
import ProcessKit
import Store
import SystemPackage
import TestSupport
import Testing

@testable import Web

@Suite(.timeLimit(.minutes(2)))
struct OrderRouteTests {
    static let script = """
        say Ready.
        expect one
        say Heard it.
        expect two
        say Heard another.
        """

    @Test func ordersReachTheAgentThatIsMeantAndOnlyOnce() async throws {
        try await withFleetFixture(
            scripts: ["agent": Self.script], more: "[dashboard]\nport = 0\n"
        ) { fleet in
            try await fleet.succeed("up")
            try await fleet.succeed("spawn", "feature/x")
            let address = try await fleet.succeed("dashboard", "--print", "--json")
            let object = try JSONValue.parse(address)
            let url = try #require(object["url"]?.string)
            let token = try #require(object["dashboard"]?.string?.split(separator: "#token=").last)
            let client = HTTPClient(label: "orders")
            func post(_ path: String, _ value: JSONValue) async throws -> HTTPResponse {
                try await client.send(
                    HTTPRequest(
                        method: "POST", url: url + path, headers: [("X-Auth-Token", String(token))],
                        body: Array(value.serialized().utf8), timeout: .seconds(40)))
            }
            let panes = try await client.send(HTTPRequest(url: url + "/api/panes")).json["panes"]?.array
            let pane = try #require(panes?.first)
            let id = try #require(pane["pane_id"]?.string)
            let agent = try #require(pane["agent"]?.string)
            let path = "/api/panes/\(id.replacing("%", with: "%25"))/send"

            let other = try await post(path, ["input": "hello", "agent": "agent-of-somebody"])
            #expect(other.status == 409 && other.errorCode == "other_agent")
            #expect(try await post("/api/panes/%2599/send", ["input": "x"]).status == 404)
            #expect(try await post(path, ["enter": true]).status == 400)
            #expect(try await post(path, ["keys": ["NoSuchKey"]]).status == 400)

            let first = try await post(path, ["input": "hello one", "agent": .string(agent), "id": "c-1"])
            #expect(first.status == 200 && first.json["branch"]?.string == "feature/x", "\(first.text)")
            #expect(first.json["receipt"]?.string != nil && first.json["repeated"]?.bool == false)
            let again = try await post(path, ["input": "hello one", "agent": .string(agent), "id": "c-1"])
            #expect(again.json["repeated"]?.bool == true && again.json["receipt"] == first.json["receipt"])
            let second = try await post(
                "/api/commands", ["text": "hello two", "branch": "feature/x", "id": "c-2", "sender": "phone"])
            #expect(second.status == 200, "\(second.text)")

            // The program answers each line that it got, in its own time.
            let hasBoth = try await eventually(within: .seconds(20)) {
                try await fleet.succeed("logs", "feature/x").contains("Heard another.")
            }
            #expect(hasBoth)
            let text = try await client.send(
                HTTPRequest(url: url + "/api/panes/local~\(id.replacing("%", with: "%25"))/tail?lines=50"))
            let shown = text.json["text"]?.string ?? ""
            #expect(shown.contains("Heard another."))
            #expect(shown.components(of: "hello one") == 1, "typed once:\n\(shown)")
            let context = try await fleet.context()
            let orders = try await context.store.journal(after: 0, kinds: [.agentOrdered], limit: 10)
            #expect(orders.map { $0.payload["text"]?.string } == ["hello one", "hello two"])
            #expect(orders.last?.payload["by"]?.string == "phone")

            // What failed is typed when it is sent again, and another order under its id is not.
            try await fleet.tmux("kill-session", "-t", "=agent-feature-x")
            var order: JSONObject = ["text": "third one", "branch": "feature/x", "id": "c-3"]
            let failed = try await post("/api/commands", .object(order))
            #expect(failed.status == 409 && failed.errorCode == "no_pane", "\(failed.text)")
            try await fleet.succeed("spawn", "feature/x")
            let late = try await post("/api/commands", .object(order))
            #expect(late.status == 200 && late.json["repeated"]?.bool == false, "\(late.text)")
            let known = try await post("/api/commands", .object(order))
            #expect(known.json["repeated"]?.bool == true && known.json["receipt"] == late.json["receipt"])
            order["text"] = "fourth one"
            #expect(try await post("/api/commands", .object(order)).errorCode == "other_order")
            // Its echo comes behind whatever was typed before it.
            #expect(
                try await post("/api/commands", ["text": "at last", "branch": "feature/x"]).status == 200)
            var echoes = ""
            let isShown = try await eventually(within: .seconds(20)) {
                let tail = try await client.send(HTTPRequest(url: url + "/api/panes/\(agent)/tail"))
                echoes = tail.json["text"]?.string ?? ""
                return echoes.contains("at last")
            }
            #expect(isShown && echoes.components(of: "third one") == 1, "\(echoes)")
        }
    }

    @Test func panesOfAServerThatWasStartedAnewAreThoseOfWhoLives() async throws {
        try await withSite { site in
            let second = AgentID("agent-0000000000002")
            try await site.addAgent()
            try await site.context.store.recordCondition(
                SiteFixture.agent, AgentCondition(.gone, since: site.clock.now()), source: "test")
            site.clock.advance(by: .seconds(60))
            try await site.addAgent(branch: "feature/b", id: second, serverPID: 2)
            let panes = try await site.get("/api/panes").json["panes"]?.array ?? []
            #expect(panes.map { $0["agent"]?.string } == [second.rawValue])
            func send(_ pane: String, to agent: AgentID) async throws -> String? {
                try await site.post(
                    "/api/panes/\(pane)/send", ["input": "x", "agent": .string(agent.rawValue)],
                    [site.bearer]
                ).errorCode
            }
            // There is no tmux here: who is meant is found, and that their pane is not.
            #expect(try await send("%253", to: second) == "no_pane")
            #expect(try await send("%253", to: SiteFixture.agent) == "other_agent")
            #expect(try await send("\(SiteFixture.agent)", to: SiteFixture.agent) == "no_pane")
        }
    }

    @Test func whatIsOfAnotherTypeOrMeansSomebodyElseIsRefused() async throws {
        let orders: [JSONValue] = [
            ["branch": "feature/a", "text": "x", "enter": "false"],
            ["branch": "feature/a", "text": "x", "agent": 7], ["branch": "feature/a", "text": "x", "id": 7],
            ["branch": "feature/a", "text": 42], ["branch": 1, "text": "x"],
            ["branch": "feature/a", "text": "x", "session": "agent-feature-b"],
            ["branch": "feature/a", "keys": 3],
        ]
        try await withSite { site in
            try await site.addAgent()
            try await site.addAgent(branch: "feature/b", id: AgentID("agent-0000000000002"), pane: "%4")
            for order in orders {
                let answer = try await site.post("/api/commands", order, [site.bearer])
                #expect(answer.status == 400, "\(order): \(answer.text)")
            }
            let written = try await site.context.store.journal(after: 0, kinds: [.agentOrdered], limit: 10)
            #expect(written.isEmpty)
        }
    }

    @Test func aPaneIsReadByAnyOfItsNames() async throws {
        try await withSite { site in
            try await site.addAgent()
            let tap = site.context.logs.appending("\(SiteFixture.agent).tap")
            try Files.makeFolder(site.context.logs)
            try Files.write("shown\r\n", to: tap)
            let names = [
                "feature%2Fa", "agent-feature-a", "agent-0000000000001", "%253", "local~%253",
            ]
            for name in names {
                let tail = try await site.get("/api/panes/\(name)/tail")
                #expect(tail.status == 200, "\(name): \(tail.text)")
                #expect(tail.json["pane_id"]?.string == "%3")
                #expect(tail.json["text"]?.string?.contains("shown") == true)
                let client = try RawClient(port: site.port)
                await client.send(SlowClientTests.head("GET /api/events?parts=none&pane=\(name)"))
                #expect(try await client.read(until: "event: pane").contains("shown"))
            }
        }
    }

    @Test func confirmationsGoToTheBusAsOneLine() async throws {
        try await withSite(settings: "[watch]\nbus_dir = \"bus\"\n") { site in
            let path = "/api/confirmations"
            #expect(try await site.post(path, ["branch": "a", "action": "x"]).status == 401)
            #expect(try await site.post(path, ["branch": "a"], [site.bearer]).status == 400)
            let answer = try await site.post(
                path, ["branch": "a", "action": "confirm", "meta": ["k": "v\nw"], "id": "c-9"], [site.bearer])
            #expect(answer.status == 202 && answer.json["id"]?.string == "c-9")
            let file = site.context.configuration.watch.bus.appending("confirmations.jsonl")
            let lines = try #require(try Files.readText(file)).split(separator: "\n")
            #expect(lines.count == 1)
            let line = try JSONValue.parse(String(lines[0]))
            #expect(line["branch"]?.string == "a" && line["action"]?.string == "confirm")
            #expect(line["meta"]?["k"]?.string == "v\nw" && line["ts"] != nil)
        }
    }

    @Test func aStoppedWriterOfTheBusIsSaid() async throws {
        try await withSite(settings: "[watch]\nbus_dir = \"bus\"\n") { site in
            let bus = site.context.configuration.watch.bus
            try Files.makeFolder(bus, mode: 0o700)
            let holder = try FileDescriptor.open(
                bus.appending("confirmations.jsonl"), .readWrite, options: [.create, .closeOnExec],
                permissions: .ownerReadWrite)
            defer { try? holder.close() }
            #expect(flock(holder.rawValue, LOCK_EX) == 0)
            let answer = try await site.post(
                "/api/confirmations", ["branch": "a", "action": "x"], [site.bearer])
            #expect(answer.status == 503 && answer.errorCode == "bus_locked", "\(answer.text)")
        }
    }

    @Test func untrustedFleetsTakeNoOrders() async throws {
        try await withSite(isTrusted: false) { site in
            try await site.addAgent()
            let answer = try await site.post(
                "/api/commands", ["text": "x", "branch": "feature/a"], [site.bearer])
            #expect(answer.status == 403 && answer.errorCode == "untrusted")
        }
    }
}

extension String {
    /// How often `part` is in it.
    fileprivate func components(of part: String) -> Int {
        split(separator: part, omittingEmptySubsequences: false).count - 1
    }
}
