/// Whether `condition` comes true within `limit`; asks again every few milliseconds.
///
/// A condition that takes long, because it starts a program, is asked less often: it must not take the processor from
/// what it waits for. Only for what nothing signals, such as a byte that a foreign program writes to a file.
public func eventually(
    isolation: isolated (any Actor)? = #isolation, within limit: Duration = .seconds(10),
    _ condition: () async throws -> Bool
) async throws -> Bool {
    let clock = ContinuousClock()
    let deadline = clock.now.advanced(by: limit)
    while true {
        let asked = clock.now
        if try await condition() { return true }
        let answered = clock.now
        if answered >= deadline { return false }
        let cost = asked.duration(to: answered)
        try await Task.sleep(for: min(max(cost * 2, .milliseconds(5)), .milliseconds(100)))
    }
}
