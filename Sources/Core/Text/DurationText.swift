/// Durations as people write them in settings: `10m`, `1h30m`, `500ms`, `24h`, `1.5s`, `2d`.
public enum DurationText {
    /// Nil when the text is no duration, or one longer than a hundred years.
    ///
    /// Units are `ms`, `s`, `m`, `h`, `d`, `w`, each at most once and from the largest to the smallest. A bare number
    /// means seconds where `bareSeconds` allows it, as the classic files have it; `0` needs no unit.
    public static func parse(_ text: String, bareSeconds: Bool = false) -> Duration? {
        var rest = text.trimmed
        guard !rest.isEmpty else { return nil }
        if rest == "0" { return .zero }
        if bareSeconds, let seconds = decimal(rest) { return duration(seconds, times: 1000) }
        var total: Double = 0
        var lastUnit = Double.infinity
        while !rest.isEmpty {
            let number = rest.prefix { $0.isASCII && $0.isNumber || $0 == "." }
            guard let value = decimal(number) else { return nil }
            rest = rest.dropFirst(number.count)
            let name = rest.prefix { $0.isASCII && $0.isLetter }
            guard let unit = units.first(where: { $0.name == name })?.milliseconds, unit < lastUnit else {
                return nil
            }
            rest = rest.dropFirst(name.count)
            total += value * unit
            lastUnit = unit
        }
        return duration(total, times: 1)
    }

    /// The shortest exact text that `parse` reads back: `1h30m`, `500ms`, `0s`; negative durations print as `0s`.
    public static func text(_ duration: Duration) -> String {
        var rest = duration.inMilliseconds
        guard rest > 0 else { return "0s" }
        var text = ""
        for (name, size) in units.reversed() where name != "w" {
            let count = rest / Int64(size)
            guard count > 0 else { continue }
            text += "\(count)\(name)"
            rest -= count * Int64(size)
        }
        return text
    }

    private static let units: [(name: String, milliseconds: Double)] = [
        ("ms", 1), ("s", 1000), ("m", 60_000), ("h", 3_600_000), ("d", 86_400_000), ("w", 604_800_000),
    ]

    private static func duration(_ value: Double, times factor: Double) -> Duration? {
        let milliseconds = (value * factor).rounded()
        guard milliseconds >= 0, milliseconds < 3_155_760_000_000 else { return nil }
        return .milliseconds(Int64(milliseconds))
    }

    /// Digits with at most one point between them; no sign, exponent, `inf` or `nan`.
    private static func decimal(_ text: Substring) -> Double? {
        guard let first = text.first, let last = text.last, first.isNumber, last.isNumber,
            text.allSatisfy({ $0.isASCII && $0.isNumber || $0 == "." })
        else { return nil }
        return Double(text)
    }
}
