/// The bounds of a histogram's buckets, in the order of their sizes; what is larger than all is in a last bucket.
public struct HistogramBounds: Sendable, Equatable {
    public let values: [Double]

    /// From a millisecond to ten seconds: answers of programs on this machine.
    public static let answers = HistogramBounds([0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.5, 1, 10])
    /// From a second to a day: work of agents, and people's patience.
    public static let work = HistogramBounds([1, 10, 60, 300, 900, 3600, 14_400, 86_400])
    /// From half a second to five minutes: decisions of models.
    public static let decisions = HistogramBounds([0.5, 1, 2.5, 5, 10, 30, 60, 120, 300])

    public init(_ values: [Double]) { self.values = values }

    /// The label `le` of the bucket that `value` is counted in.
    public func label(for value: Double) -> String {
        values.first { value <= $0 }.map(Self.text) ?? "+Inf"
    }

    /// A bound as it is written: `0.005`, `10`.
    public static func text(_ bound: Double) -> String {
        bound == bound.rounded() && abs(bound) < 1e15 ? String(Int64(bound)) : String(bound)
    }
}

extension CounterIncrement {
    /// What one observation adds to the histogram `name`: one to its bucket alone, its value to the sum, one to the count.
    ///
    /// Buckets are stored apart, not summed up, so that an observation is three rows; whoever shows them sums them up.
    public static func observation(
        _ name: String, _ value: Double, in bounds: HistogramBounds, labels: [String: String] = [:]
    ) -> [CounterIncrement] {
        [
            CounterIncrement(
                "\(name)_bucket", labels: labels.merging(["le": bounds.label(for: value)]) { $1 }),
            CounterIncrement("\(name)_sum", labels: labels, by: value),
            CounterIncrement("\(name)_count", labels: labels),
        ]
    }
}

extension Duration {
    /// Seconds with fractions.
    public var fractionalSeconds: Double {
        Double(components.seconds) + Double(components.attoseconds) / 1e18
    }
}
