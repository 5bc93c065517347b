/// A report that an agent gave: `### SENTRY {json object}` on its screen, or `tmux-agent emit`.
public struct Marker: Sendable, Equatable, Codable {
    public var payload: JSONObjectBox
    /// True when the JSON on the screen was damaged (Markdown eats backslashes) and mended.
    public var repaired: Bool

    public init(payload: JSONObject, repaired: Bool = false) {
        self.payload = JSONObjectBox(payload)
        self.repaired = repaired
    }

    public subscript(key: String) -> JSONValue? { payload.object[key] }
    /// `STATUS`, `ASK`, `ERROR` or another word; nil when the payload has none.
    public var type: String? { self["type"]?.string }
    public var stage: String? { self["stage"]?.string }
    public var ok: Bool? { self["ok"]?.bool }
    /// Makes a marker count once for good per agent and start of the agent.
    public var id: String? { self["id"]?.string ?? self["id"]?.integer.map { String($0) } }
}

/// Lets a JSON object be stored as JSON text by `Codable`.
public struct JSONObjectBox: Sendable, Equatable, Codable {
    public var object: JSONObject

    public init(_ object: JSONObject) { self.object = object }

    public init(from decoder: any Decoder) throws {
        object = try JSONValue(from: decoder).object ?? JSONObject()
    }

    public func encode(to encoder: any Encoder) throws { try JSONValue.object(object).encode(to: encoder) }
}
