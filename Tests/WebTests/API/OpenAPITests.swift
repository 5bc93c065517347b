import Core
import Fleet
import HTTPKit
import HTTPTypes
import ProcessKit
import Store
import SystemPackage
import TestSupport
import Testing

@testable import Web

/// Holds docs/api/openapi.json against the running server.
@Suite(.timeLimit(.minutes(2)))
struct OpenAPITests {
    static func document() throws -> JSONValue {
        let text = try #require(try Files.readText(projectFolder.appending("docs/api/openapi.json")))
        return try JSONValue.parse(text)
    }

    @Test func everyAddressIsDescribedAndEveryDescriptionHasAnAddress() async throws {
        let document = try Self.document()
        try await withSite { site in
            let assets = Set(PageAssets.paths)
            var served: Set<String> = []
            for (path, methods) in site.site.routes(start: .dashboard).methods where !assets.contains(path) {
                let names = path.split(separator: "/").map {
                    $0.hasPrefix(":") ? "{\($0.dropFirst())}" : String($0)
                }
                served.formUnion(methods.map { "\($0.rawValue) /\(names.joined(separator: "/"))" })
            }
            var described: Set<String> = []
            for path in document["paths"]?.object?.keys ?? [] {
                let methods = document["paths"]?[path]?.object?.keys ?? []
                described.formUnion(methods.map { "\($0.uppercased()) \(path)" })
            }
            #expect(served.subtracting(described).isEmpty, "not in the document")
            #expect(described.subtracting(served).isEmpty, "not served")
        }
    }

    /// One request that is answered as it should be, and what must come back.
    struct Example: Sendable {
        var method = "GET"
        var path: String
        /// As the document calls it.
        var template: String
        var body: JSONValue?
        var isKnown = true
        var status: Int
    }

    static let examples: [Example] = [
        Example(path: "/api/overview", template: "/api/overview", status: 200),
        Example(path: "/api/dashboard", template: "/api/dashboard", status: 200),
        Example(path: "/api/panes", template: "/api/panes", status: 200),
        Example(path: "/api/sessions", template: "/api/sessions", status: 200),
        Example(path: "/api/approvals", template: "/api/approvals", status: 200),
        Example(path: "/api/notifications?since=0", template: "/api/notifications", status: 200),
        Example(path: "/api/notifications?since=x", template: "/api/notifications", status: 400),
        Example(path: "/api/journal?branch=feature&limit=2", template: "/api/journal", status: 200),
        Example(path: "/api/journal?kind=nonsense", template: "/api/journal", status: 400),
        Example(path: "/api/panes/%253/tail", template: "/api/panes/{pane}/tail", status: 200),
        Example(path: "/api/panes/%253/tail?lines=0", template: "/api/panes/{pane}/tail", status: 400),
        Example(path: "/api/panes/%2577/tail", template: "/api/panes/{pane}/tail", status: 404),
        Example(path: "/api/events?pane=%2577&parts=none", template: "/api/events", status: 404),
        Example(path: "/healthz", template: "/healthz", status: 200),
        Example(path: "/readyz", template: "/readyz", status: 200),
        Example(path: "/metrics", template: "/metrics", status: 200),
        Example(path: "/", template: "/", status: 200),
        Example(path: "/dashboard", template: "/dashboard", status: 200),
        Example(path: "/portal", template: "/portal", status: 200),
        Example(path: "/login", template: "/login", status: 200),
        Example(path: "/a/none", template: "/a/{token}", status: 404),
        Example(path: "/a/none/approve", template: "/a/{token}/approve", status: 404),
        Example(
            method: "POST", path: "/a/none/reject", template: "/a/{token}/reject", body: [:], isKnown: false,
            status: 400),
        Example(
            method: "POST", path: "/login", template: "/login", body: ["token": "wrong"], isKnown: false,
            status: 401),
        Example(method: "POST", path: "/logout", template: "/logout", body: [:], status: 204),
        Example(
            method: "POST", path: "/api/commands", template: "/api/commands",
            body: ["text": "x", "branch": "nobody"], status: 403),
        Example(
            method: "POST", path: "/api/commands", template: "/api/commands", body: ["branch": "x"],
            status: 400),
        Example(
            method: "POST", path: "/api/commands", template: "/api/commands",
            body: ["text": "x", "branch": "feature/a"], status: 409),
        Example(
            method: "POST", path: "/api/panes/%253/send", template: "/api/panes/{pane}/send",
            body: ["input": "x", "agent": "other"], status: 409),
        Example(
            method: "POST", path: "/api/panes/%253/send", template: "/api/panes/{pane}/send",
            body: ["input": "x"], isKnown: false, status: 401),
        Example(
            method: "POST", path: "/api/panes/%253/summary", template: "/api/panes/{pane}/summary", body: [:],
            isKnown: false, status: 401),
        Example(
            method: "POST", path: "/api/confirmations", template: "/api/confirmations",
            body: ["branch": "a", "action": "confirm"], status: 202),
        Example(
            method: "POST", path: "/api/approvals/ap-none", template: "/api/approvals/{id}",
            body: ["decision": "approve"], status: 404),
        Example(
            method: "POST", path: "/api/approvals/ap-0000000000001", template: "/api/approvals/{id}",
            body: ["decision": "approve"], status: 200),
        Example(
            method: "POST", path: "/api/approvals/ap-0000000000001", template: "/api/approvals/{id}",
            body: ["decision": "reject"], status: 409),
        Example(
            method: "POST", path: "/api/wecom", template: "/api/wecom",
            body: ["text": "/approve ap-0000000000001", "sender": "ana"], status: 401),
    ]

    @Test func whoAsksSinceATimeGetsEveryMessageOrIsToldThatSomeAreLeftOut() async throws {
        try await withSite { site in
            let start = site.clock.now()
            let rules = DeliveryRules(NotifySettings()) { _ in 0 }
            func say(_ count: Int) async throws {
                for _ in 0..<count {
                    site.clock.advance(by: .seconds(1))
                    let name = "n\(site.clock.now().milliseconds)"
                    let draft = NoticeDraft(
                        key: name, kind: .message, subject: .mainCheckout,
                        notice: Notice(title: name, body: ""))
                    _ = try await site.context.store.post(
                        draft, rules: rules, unusable: [:], at: site.clock.now())
                }
            }
            try await say(70)
            let since = start.advanced(by: .seconds(5)).iso8601
            let some = try await site.get("/api/notifications?since=\(since)")
            let times = (some.json["items"]?.array ?? []).compactMap { $0["title"]?.string }
            #expect(times.count == 65 && times == times.sorted())
            #expect(some.json["complete"]?.bool == true)
            let newest = try await site.get("/api/notifications")
            #expect(newest.json["items"]?.array?.count == 50 && newest.json["complete"]?.bool == false)
            try await say(WebSite.mostNotices)
            let many = try await site.get("/api/notifications?since=\(since)")
            #expect(many.json["items"]?.array?.count == WebSite.mostNotices)
            #expect(many.json["complete"]?.bool == false)
        }
    }

    @Test func answersAreAsTheDocumentSays() async throws {
        let document = try Self.document()
        try await withSite { site in
            try await site.addAgent()
            try await site.ask()
            try await site.addTask()
            for example in Self.examples {
                let headers = example.isKnown ? [site.bearer] : []
                let answer =
                    if let body = example.body {
                        try await site.post(example.path, body, headers)
                    } else {
                        try await site.send(example.method, example.path, headers)
                    }
                let name = "\(example.method) \(example.path)"
                #expect(answer.status == example.status, "\(name): \(answer.text.prefix(300))")
                let described = document["paths"]?[example.template]?[example.method.lowercased()]?[
                    "responses"]
                let response = try #require(described?["\(example.status)"], "\(name) \(example.status)")
                let media = answer.headers["content-type"]?.split(separator: ";").first.map(String.init)
                let content = response["content"]
                #expect((media == nil) == (content == nil), "\(name)")
                guard let media, let schema = content?[media]?["schema"] else {
                    #expect(content == nil, "\(name): \(media ?? "nothing") is not described")
                    continue
                }
                guard media == "application/json" else { continue }
                let faults = JSONShape(document: document).faults(of: answer.json, schema, at: name)
                #expect(faults.isEmpty)
            }
        }
    }
}
