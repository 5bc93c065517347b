internal import Core
internal import Fleet
internal import Notify

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

    /// The line as the bus has it, and its id.
    func line(_ surroundings: Surroundings) -> (id: String, object: JSONObject) {
        var line = fields
        let id = line["id"]?.string ?? surroundings.ids.make("confirmation")
        line["id"] = .string(id)
        line["ts"] = surroundings.now().busTime
        return (id, line)
    }
}
