internal import Store

/// Writes numbers as Prometheus reads them: text exposition format 0.0.4.
struct MetricText: Sendable {
    static let mediaType = "text/plain; version=0.0.4; charset=utf-8"

    private(set) var text = ""

    /// A family of counters or gauges, its samples in the order of their labels.
    mutating func add(_ family: MetricFamily, _ samples: [MetricSample]) {
        begin(family)
        let shown = samples.isEmpty && !family.hasLabels ? [MetricSample(0)] : samples
        for sample in shown.sorted(by: { Self.braces($0.labels) < Self.braces($1.labels) }) {
            line(family.name, sample.labels, sample.value)
        }
    }

    /// A histogram from its rows in the database, where each bucket counts its own observations alone.
    mutating func add(_ family: MetricFamily, stored: [Counter]) {
        begin(family)
        guard let bounds = family.bounds else { return }
        var groups: [String: Group] = [:]
        for row in stored {
            var labels = row.labels
            let bound = labels.removeValue(forKey: "le")
            let key = Self.braces(labels)
            var group = groups[key] ?? Group(labels: labels)
            switch row.name {
            case "\(family.name)_bucket": group.buckets[bound ?? "+Inf", default: 0] += row.value
            case "\(family.name)_sum": group.sum += row.value
            case "\(family.name)_count": group.count += row.value
            default: continue
            }
            groups[key] = group
        }
        if groups.isEmpty, !family.hasLabels { groups[""] = Group(labels: [:]) }
        for group in groups.sorted(by: { $0.key < $1.key }).map(\.value) {
            write(group, family.name, bounds)
        }
    }

    private struct Group {
        var labels: [String: String]
        /// By the text of the bound; bounds of an older version are in the next larger one.
        var buckets: [String: Double] = [:]
        var sum = 0.0
        var count = 0.0
    }

    private mutating func write(_ group: Group, _ name: String, _ bounds: HistogramBounds) {
        var seen = 0.0
        var rest = group.buckets.compactMap { text, value in Double(text).map { ($0, value) } }
        for bound in bounds.values {
            seen += rest.filter { $0.0 <= bound }.reduce(0) { $0 + $1.1 }
            rest.removeAll { $0.0 <= bound }
            line("\(name)_bucket", group.labels.merging(["le": HistogramBounds.text(bound)]) { $1 }, seen)
        }
        line("\(name)_bucket", group.labels.merging(["le": "+Inf"]) { $1 }, group.count)
        line("\(name)_sum", group.labels, group.sum)
        line("\(name)_count", group.labels, group.count)
    }

    private mutating func begin(_ family: MetricFamily) {
        let help = family.help.replacing("\\", with: "\\\\").replacing("\n", with: "\\n")
        text += "# HELP \(family.name) \(help)\n# TYPE \(family.name) \(family.kind.rawValue)\n"
    }

    private mutating func line(_ name: String, _ labels: [String: String], _ value: Double) {
        text += "\(name)\(Self.braces(labels)) \(Self.number(value))\n"
    }

    private static func braces(_ labels: [String: String]) -> String {
        guard !labels.isEmpty else { return "" }
        let pairs = labels.sorted { $0.key < $1.key }.map { "\($0.key)=\"\(escaped($0.value))\"" }
        return "{\(pairs.joined(separator: ","))}"
    }

    /// Values come from agents and repositories: what would end the line or the value does not.
    private static func escaped(_ value: String) -> String {
        var text = ""
        for scalar in value.unicodeScalars {
            switch scalar {
            case "\\": text += "\\\\"
            case "\"": text += "\\\""
            case "\n": text += "\\n"
            default: text.unicodeScalars.append(scalar)
            }
        }
        return text
    }

    static func number(_ value: Double) -> String {
        if value.isNaN { return "NaN" }
        if value.isInfinite { return value < 0 ? "-Inf" : "+Inf" }
        return value == value.rounded() && abs(value) < 1e15 ? String(Int64(value)) : String(value)
    }
}
