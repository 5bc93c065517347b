/// What a command may break, as the decider judges it; high and critical ones wait for a person.
public enum RiskLevel: String, Sendable, Codable, CaseIterable, Comparable {
    case low, medium, high, critical

    public var needsApproval: Bool { self >= .high }

    public static func < (left: Self, right: Self) -> Bool {
        (allCases.firstIndex(of: left) ?? 0) < (allCases.firstIndex(of: right) ?? 0)
    }
}
