/// Milliseconds since 1970-01-01T00:00:00Z, as the database stores them.
public struct Timestamp: Hashable, Comparable, Sendable, Codable {
    public let milliseconds: Int64

    public init(milliseconds: Int64) { self.milliseconds = milliseconds }

    public init(from decoder: any Decoder) throws {
        milliseconds = try decoder.singleValueContainer().decode(Int64.self)
    }

    public func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(milliseconds)
    }

    public static func < (left: Self, right: Self) -> Bool { left.milliseconds < right.milliseconds }

    public func advanced(by duration: Duration) -> Timestamp {
        Timestamp(milliseconds: milliseconds + duration.inMilliseconds)
    }

    public func distance(from earlier: Timestamp) -> Duration {
        .milliseconds(milliseconds - earlier.milliseconds)
    }
}

extension Duration {
    /// Whole milliseconds, rounded towards zero.
    public var inMilliseconds: Int64 {
        components.seconds * 1000 + components.attoseconds / 1_000_000_000_000_000
    }
}

extension Timestamp {
    /// ISO 8601 in UTC with milliseconds: `2026-03-01T08:30:00.250Z`.
    ///
    /// The calendar arithmetic is Howard Hinnant's `civil_from_days`.
    public var iso8601: String {
        func floorDivide(_ a: Int64, _ b: Int64) -> Int64 { a / b - (a % b < 0 ? 1 : 0) }
        let day = floorDivide(milliseconds, 86_400_000)
        let rest = milliseconds - day * 86_400_000
        let shifted = day + 719_468
        let era = floorDivide(shifted, 146_097)
        let dayOfEra = shifted - era * 146_097
        let yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let monthIndex = (5 * dayOfYear + 2) / 153
        let dayOfMonth = dayOfYear - (153 * monthIndex + 2) / 5 + 1
        let month = monthIndex < 10 ? monthIndex + 3 : monthIndex - 9
        let year = yearOfEra + era * 400 + (month <= 2 ? 1 : 0)
        func pad(_ value: Int64, _ width: Int) -> String {
            let digits = String(value)
            return String(repeating: "0", count: max(0, width - digits.count)) + digits
        }
        return "\(pad(year, 4))-\(pad(month, 2))-\(pad(dayOfMonth, 2))T"
            + "\(pad(rest / 3_600_000, 2)):\(pad(rest / 60_000 % 60, 2)):\(pad(rest / 1000 % 60, 2))"
            + ".\(pad(rest % 1000, 3))Z"
    }
}

extension Timestamp {
    /// Reads `2026-03-01`, `2026-03-01T08:30`, with seconds, fractions and an ending `Z`: always UTC; nil for other texts.
    public init?(iso8601 text: String) {
        var text = Substring(text)
        if text.last == "Z" { text.removeLast() }
        let halves = text.split(whereSeparator: { $0 == "T" || $0 == " " })
        let date = halves.first?.split(separator: "-").map { Int64($0) } ?? []
        guard (1...2).contains(halves.count), date.count == 3, let year = date[0], let month = date[1],
            let day = date[2], (1970...9999).contains(year), (1...12).contains(month), (1...31).contains(day)
        else { return nil }
        var milliseconds = Self.days(year, month, day) * 86_400_000
        if halves.count == 2 {
            let parts = halves[1].split(separator: ":", omittingEmptySubsequences: false)
            guard (2...3).contains(parts.count), let hours = Int64(parts[0]), let minutes = Int64(parts[1]),
                let seconds = parts.count == 3 ? Double(parts[2]) : 0, (0..<24).contains(hours),
                (0..<60).contains(minutes), (0..<60).contains(seconds)
            else { return nil }
            milliseconds += hours * 3_600_000 + minutes * 60_000 + Int64((seconds * 1000).rounded())
        }
        self.init(milliseconds: milliseconds)
    }

    /// Days since 1970-01-01, by Howard Hinnant's `days_from_civil`.
    private static func days(_ year: Int64, _ month: Int64, _ day: Int64) -> Int64 {
        let shifted = month <= 2 ? year - 1 : year
        let era = shifted / 400
        let yearOfEra = shifted - era * 400
        let dayOfYear = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1
        let dayOfEra = yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear
        return era * 146_097 + dayOfEra - 719_468
    }
}
