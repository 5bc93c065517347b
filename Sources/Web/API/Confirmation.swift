internal import Core
internal import Fleet
internal import Notify
internal import SystemPackage

/// A person's word on a command that the orchestrator holds back: one line of the local bus.
struct Confirmation: Sendable {
    private let fields: JSONObject

    /// `branch` and `action`, and where they are known `command`, `meta` and the client's own `id`.
    init(_ object: JSONObject) throws(WebError) {
        var fields = JSONObject()
        for name in ["branch", "action"] {
            guard let text = object[name]?.string, (1...500).contains(text.utf8.count) else {
                throw .unusableBody(reason: "'\(name)' is a text of at most 500 bytes")
            }
            fields[name] = .string(text)
        }
        fields["command"] = object["command"] ?? .null
        fields["meta"] = object["meta"]?.object.map { .object($0) } ?? .object(JSONObject())
        if let id = object["id"]?.string, (1...100).contains(id.utf8.count) { fields["id"] = .string(id) }
        self.fields = fields
    }

    /// Appends it to `confirmations.jsonl`, of which an id counts once; returns the id.
    func write(in context: SiteContext) async throws -> String {
        try context.fleet?.requireTrust()
        guard let bus = context.bus else { throw WebError.foreignSession("") }
        var line = fields
        let id = line["id"]?.string ?? context.surroundings.ids.make("confirmation")
        line["id"] = .string(id)
        line["ts"] = .number(Double(context.surroundings.now().milliseconds) / 1000)
        try BusWriter(BusFolder(bus)).append([.object(line)], to: .confirmations)
        return id
    }
}
