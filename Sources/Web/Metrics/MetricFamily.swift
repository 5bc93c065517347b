internal import Store

/// What is counted under one name.
struct MetricFamily: Sendable, Equatable {
    enum Kind: String, Sendable { case counter, gauge, histogram }

    var name: String
    var kind: Kind
    var help: String
    /// Of a histogram.
    var bounds: HistogramBounds?
    /// A number without labels is there from the beginning, as 0.
    var hasLabels: Bool

    init(
        _ name: String, _ kind: Kind, _ help: String, bounds: HistogramBounds? = nil, hasLabels: Bool = false
    ) {
        self.name = name
        self.kind = kind
        self.help = help
        self.bounds = bounds
        self.hasLabels = hasLabels
    }
}

/// One number of a family.
struct MetricSample: Sendable, Equatable {
    var labels: [String: String]
    var value: Double

    init(_ value: Double, _ labels: [String: String] = [:]) {
        self.labels = labels
        self.value = value
    }
}
