internal import Approvals
internal import Core
internal import Fleet
internal import HTTPTypes
internal import Hummingbird
internal import HummingbirdCore
internal import NIOCore
internal import Store
internal import TmuxKit

extension WebSite {
    func addOrders(_ routes: inout Routes, through place: AnswerAttempt.Place) {
        routes.post("/api/panes/:pane/send", .change) { request, context in
            let object = try await request.object(upTo: limits.body)
            return try await send(
                RemoteOrder(
                    content: try Self.content(object), target: try pane(context),
                    agent: try object.text("agent"), key: try Self.key(object),
                    sender: try object.text("sender"), through: place.rawValue))
        }
        routes.post("/api/commands", .change) { request, _ in
            let object = try await request.object(upTo: limits.body)
            let names = try names(object)
            return try await send(
                RemoteOrder(
                    content: try Self.content(object), target: names[0], furtherNames: Array(names[1...]),
                    agent: try object.text("agent"), key: try Self.key(object),
                    sender: try object.text("sender"), through: place.rawValue))
        }
        routes.post("/api/panes/:pane/summary", .change) { [context, panes] request, requestContext in
            let name =
                try await request.object(upTo: limits.body).text("agent") ?? pane(requestContext)
            let summary = try await PaneSummarizer(context: context, panes: panes).summarize(name)
            return .json([
                "summary": .string(summary.text), "cost": summary.cost.map { .string($0) } ?? .null,
            ])
        }
        routes.post("/api/confirmations", .change) { request, _ in
            let confirmation = try Confirmation(try await request.object(upTo: limits.body))
            let id = try await confirmations.write(confirmation)
            return .json(["id": .string(id)], status: .accepted)
        }
    }

    /// Whom a command names, at least once; agents are all on this machine, panes that `run` watches are on their hosts.
    private func names(_ object: JSONObject) throws(WebError) -> [String] {
        var names: [String] = []
        for key in ["pane_id", "session", "branch"] {
            if let name = try object.text(key), !name.isEmpty { names.append(name) }
        }
        guard let first = names.first else {
            throw .unusableBody(reason: "it names no 'session' or 'branch'")
        }
        guard let host = try object.text("host"), !host.isEmpty else { return names }
        if context.panes != nil { return names.map { "\(host)~\($0)" } }
        guard host == "local" else { throw .foreignSession("\(host)~\(first)") }
        return names
    }

    private func send(_ order: RemoteOrder) async throws -> Response {
        let result = try await orders.take(order)
        var object: JSONObject = ["agent": .string(result.id)]
        object["branch"] = .string(result.name)
        object["receipt"] = .string(result.receipt.stage.rawValue)
        object["detail"] = result.receipt.detail.map { .string($0) } ?? .null
        object["repeated"] = .bool(result.isRepeated)
        return .json(.object(object))
    }

    /// `text` or `input` with `enter` (true unless told otherwise), or `keys` by their names in tmux.
    private static func content(_ object: JSONObject) throws(WebError) -> SendContent {
        var text = try object.text("input")
        if text == nil { text = try object.text("text") }
        let enter = try object.flag("enter") ?? true
        let keys = try keys(object["keys"])
        // Before the order is written down: what cannot be typed is no order.
        if let unknown = keys.first(where: { !KeyName.isValid($0) }) {
            throw .unusableBody(reason: "tmux has no key named '\(unknown.visible)'")
        }
        switch (text, keys.isEmpty) {
        case (nil, true): throw .unusableBody(reason: "it has neither 'input' nor 'keys'")
        case (.some, false): throw .unusableBody(reason: "it has 'input' and 'keys': send one of them")
        case (nil, false) where keys.count > 100: throw .unusableBody(reason: "more than 100 keys")
        case (nil, false): return .keys(keys)
        case (let text?, true):
            // An empty line is the Enter key.
            return text.isEmpty && enter ? .keys(["Enter"]) : .text(text, enter: enter)
        }
    }

    private static func keys(_ value: JSONValue?) throws(WebError) -> [String] {
        let keys = value?.array?.compactMap(\.string) ?? []
        switch value {
        case nil, .null: return []
        case .string(let key): return [key]
        case .array(let given) where given.count == keys.count: return keys
        default: throw .unusableBody(reason: "'keys' is a list of texts such as [\"C-c\"]")
        }
    }

    /// The client's own id of the order; nil when it gives none.
    private static func key(_ object: JSONObject) throws(WebError) -> String? {
        guard let key = try object.text("id"), !key.isEmpty else { return nil }
        guard key.utf8.count <= 100, key.unicodeScalars.allSatisfy({ (33..<127).contains($0.value) }) else {
            throw .unusableBody(reason: "'id' is at most 100 characters of ASCII without spaces")
        }
        return key
    }
}
