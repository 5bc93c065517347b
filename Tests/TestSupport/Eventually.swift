/// Whether `condition` comes true within `limit`; asks again every few milliseconds, less often the longer it waits.
///
/// Only for what nothing signals, such as a byte that a foreign program writes to a file. Many tests wait at once, and
/// one that asks without a pause takes the processor from what it waits for.
public func eventually(
    isolation: isolated (any Actor)? = #isolation, within limit: Duration = .seconds(10),
    _ condition: () async throws -> Bool
) async throws -> Bool {
    let clock = ContinuousClock()
    let start = clock.now
    let deadline = start.advanced(by: limit)
    while true {
        let asked = clock.now
        if try await condition() { return true }
        let now = clock.now
        if now >= deadline { return false }
        let pause = max(.milliseconds(5), asked.duration(to: now), start.duration(to: now) / 10)
        try await Task.sleep(for: min(pause, .milliseconds(100), now.duration(to: deadline)))
    }
}
