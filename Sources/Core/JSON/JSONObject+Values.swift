extension JSONObject {
    /// Null where there is no value, so that the keys of a row are always the same.
    public mutating func set(_ key: String, _ value: String?) {
        self[key] = value.map { .string($0) } ?? .null
    }
    public mutating func set(_ key: String, _ value: Int?) {
        self[key] = value.map { .integer(Int64($0)) } ?? .null
    }
    public mutating func set(_ key: String, _ value: Bool?) { self[key] = value.map { .bool($0) } ?? .null }
    public mutating func set(_ key: String, _ value: Timestamp?) {
        self[key] = value.map { .string($0.iso8601) } ?? .null
    }
}
