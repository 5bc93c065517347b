import Core

/// As much of JSON Schema as the description of our interface uses.
struct JSONShape {
    let document: JSONValue

    /// What is wrong with `value`, each with its place; keys that are not described are wrong too.
    func faults(of value: JSONValue, _ schema: JSONValue, at place: String) -> [String] {
        if let name = schema["$ref"]?.string {
            let known = document["components"]?["schemas"]?[
                name.split(separator: "/").last.map(String.init) ?? ""]
            return known.map { faults(of: value, $0, at: place) } ?? ["\(place): no schema \(name)"]
        }
        let types = schema["type"]?.array?.compactMap(\.string) ?? schema["type"]?.string.map { [$0] } ?? []
        guard types.isEmpty || types.contains(where: { Self.is(value, $0) }) else {
            return ["\(place): \(value.serialized().prefix(60)) is none of \(types)"]
        }
        if let words = schema["enum"]?.array, !words.contains(value) {
            return ["\(place): \(value.serialized()) is not among \(words)"]
        }
        switch value {
        case .object(let object): return faults(of: object, schema, at: place)
        case .array(let values):
            guard let items = schema["items"] else { return [] }
            return values.enumerated().flatMap { faults(of: $1, items, at: "\(place)[\($0)]") }
        default: return []
        }
    }

    private func faults(of object: JSONObject, _ schema: JSONValue, at place: String) -> [String] {
        var faults: [String] = []
        let known = schema["properties"]?.object
        for key in schema["required"]?.array?.compactMap(\.string) ?? [] where object[key] == nil {
            faults.append("\(place): '\(key)' is missing")
        }
        for key in object.keys {
            let inner = "\(place).\(key)"
            if let own = known?[key] ?? schema["additionalProperties"] {
                faults += self.faults(of: object[key] ?? .null, own, at: inner)
            } else if known != nil {
                faults.append("\(inner) is not described")
            }
        }
        return faults
    }

    private static func `is`(_ value: JSONValue, _ type: String) -> Bool {
        switch (value, type) {
        case (.null, "null"), (.bool, "boolean"), (.integer, "integer"), (.integer, "number"),
            (.number, "number"), (.string, "string"), (.array, "array"), (.object, "object"):
            true
        default: false
        }
    }
}
