internal import Core
internal import Foundation
internal import GRDB

extension Row {
    /// A stored word as the enum it stands for.
    func word<Value: RawRepresentable>(_ column: String, _ type: Value.Type = Value.self) throws -> Value
    where Value.RawValue == String {
        let text: String = self[column]
        guard let value = Value(rawValue: text) else { throw RowDecodingProblem(column: column, value: text) }
        return value
    }

    func optionalWord<Value: RawRepresentable>(
        _ column: String, _ type: Value.Type = Value.self
    ) throws -> Value? where Value.RawValue == String {
        try hasNull(atColumn: column) ? nil : word(column)
    }

    func time(_ column: String) -> Timestamp { Timestamp(milliseconds: self[column]) }

    func optionalTime(_ column: String) -> Timestamp? {
        (self[column] as Int64?).map(Timestamp.init(milliseconds:))
    }

    func subject(_ column: String = "subject") throws -> Subject {
        let key: String = self[column]
        guard let subject = Subject(key: key) else { throw RowDecodingProblem(column: column, value: key) }
        return subject
    }

    /// A stored object of texts; much quicker than `json`, which counts where every row has one.
    func texts(_ column: String) throws -> [String: String] {
        let text: String = self[column]
        guard let texts = (try? JSONValue.parse(text))?.object?.texts else { throw problem(column, text) }
        return texts
    }

    func json<Value: Decodable>(_ column: String, _ type: Value.Type = Value.self) throws -> Value {
        let text: String = self[column]
        do {
            return try JSONDecoder().decode(type, from: Data(text.utf8))
        } catch {
            throw problem(column, text)
        }
    }

    private func problem(_ column: String, _ text: String) -> RowDecodingProblem {
        RowDecodingProblem(column: column, value: String(text.prefix(200)))
    }

    private func hasNull(atColumn column: String) -> Bool {
        (self[column] as DatabaseValue).isNull
    }
}

/// `value` as one line of JSON; equal values give equal text.
func jsonText(_ value: some Encodable) throws -> String {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    return String(decoding: try encoder.encode(value), as: UTF8.self)
}
