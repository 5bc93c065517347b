/// What a file said, with what should be told about it.
public struct Decoded<Value> {
    public let value: Value
    /// In the order of the file.
    public let warnings: [ConfigurationProblem]

    public init(_ value: Value, warnings: [ConfigurationProblem] = []) {
        self.value = value
        self.warnings = warnings
    }
}

extension Decoded: Sendable where Value: Sendable {}
extension Decoded: Equatable where Value: Equatable {}
