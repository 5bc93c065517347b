internal import Core

/// Makes guessing slow: after a few wrong tokens an address waits, longer with each further one, and when many
/// addresses guess, all of them wait a little.
///
/// A pure machine: its owner asks before it looks at a token, and says how it went.
struct LoginThrottle: Sendable {
    /// Wrong tokens that cost nothing.
    static let free = 5
    static let longest = Duration.seconds(60)
    /// Wrong tokens of a minute, from anywhere, before everybody waits.
    static let freeOverall = 50
    static let overallPause = Duration.seconds(2)
    /// Addresses that are remembered; the one that failed longest ago makes room.
    static let mostAddresses = 2000

    private struct Failures {
        var count: Int
        var last: Timestamp
        /// Of the wrong tokens: who asks again with one that was refused learns nothing, and is no guesser.
        var tokens: [Int] = []
    }

    private var byAddress: [String: Failures] = [:]
    /// Of the present minute.
    private var overall = Failures(count: 0, last: Timestamp(milliseconds: 0))
    private var minute: Int64 = 0

    /// How long this address must wait before a token of it is looked at; nil: not at all.
    func pause(for address: String, at now: Timestamp) -> Duration? {
        var end = now
        if let failures = byAddress[address], failures.count >= Self.free {
            let doublings = min(failures.count - Self.free, 6)
            let pause = min(Duration.seconds(1 << doublings), Self.longest)
            end = max(end, failures.last.advanced(by: pause))
        }
        if overall.count >= Self.freeOverall, now.milliseconds / 60_000 == minute {
            end = max(end, overall.last.advanced(by: Self.overallPause))
        }
        return end > now ? end.distance(from: now) : nil
    }

    /// `token`: a hash of what was shown.
    mutating func failed(_ address: String, with token: Int, at now: Timestamp) {
        if byAddress[address]?.tokens.contains(token) == true { return }
        if byAddress[address] == nil, byAddress.count >= Self.mostAddresses,
            let oldest = byAddress.min(by: { $0.value.last < $1.value.last })?.key
        {
            byAddress[oldest] = nil
        }
        var failures = byAddress[address] ?? Failures(count: 0, last: now)
        // An hour of peace is forgiveness.
        if now.distance(from: failures.last) > .seconds(3600) { failures.count = 0 }
        failures.count += 1
        failures.last = now
        failures.tokens = failures.tokens.suffix(Self.free - 1) + [token]
        byAddress[address] = failures
        if now.milliseconds / 60_000 != minute {
            minute = now.milliseconds / 60_000
            overall.count = 0
        }
        overall.count += 1
        overall.last = now
    }

    mutating func succeeded(_ address: String) { byAddress[address] = nil }
}
