internal import Core

/// Times of one thing that was done often.
struct Samples: Sendable {
    private(set) var seconds: [Double] = []

    init(_ durations: [Duration] = []) { seconds = durations.map(\.inSeconds) }

    mutating func add(_ duration: Duration) { seconds.append(duration.inSeconds) }

    var count: Int { seconds.count }
    var median: Double { quantile(0.5) }

    /// The sample that `share` of all are not above.
    func quantile(_ share: Double) -> Double {
        guard !seconds.isEmpty else { return .nan }
        let sorted = seconds.sorted()
        return sorted[min(sorted.count - 1, Int((Double(sorted.count) * share).rounded(.down)))]
    }
}

/// Times of two things that were done in turns, so that both met the same machine.
struct Pairs: Sendable {
    var ours = Samples()
    var baseline = Samples()

    /// Median of the differences, pair by pair.
    var medianDifference: Double {
        Self.median(zip(ours.seconds, baseline.seconds).map { $0 - $1 })
    }
    /// Median of the ratios, pair by pair.
    var medianRatio: Double {
        Self.median(zip(ours.seconds, baseline.seconds).map { $0 / $1 })
    }

    private static func median(_ values: [Double]) -> Double {
        values.isEmpty ? .nan : values.sorted()[values.count / 2]
    }

    /// Does both `count` times, the first of each pair in turns.
    static func measure(
        _ count: Int, ours: (Int) async throws -> Duration, baseline: (Int) async throws -> Duration
    ) async throws -> Pairs {
        var pairs = Pairs()
        for index in 0..<count {
            if index.isMultiple(of: 2) {
                pairs.ours.add(try await ours(index))
                pairs.baseline.add(try await baseline(index))
            } else {
                pairs.baseline.add(try await baseline(index))
                pairs.ours.add(try await ours(index))
            }
        }
        return pairs
    }
}

extension Duration {
    var inSeconds: Double {
        Double(components.seconds) + Double(components.attoseconds) / 1e18
    }
}

extension Double {
    /// Seconds as people read them.
    var asTime: String {
        switch abs(self) {
        case ..<1e-3: "\((self * 1e6).rounded(to: 0)) µs"
        case ..<10: "\((self * 1e3).rounded(to: abs(self) < 0.1 ? 1 : 0)) ms"
        default: "\(rounded(to: 1)) s"
        }
    }

    /// With so many digits after the point, and without a point when there are none.
    func rounded(to digits: Int) -> String {
        guard isFinite else { return "?" }
        var scale = 1.0
        for _ in 0..<digits { scale *= 10 }
        let value = (self * scale).rounded() / scale
        return digits == 0 ? "\(Int(value))" : "\(value)"
    }
}
