/// Whether `condition` comes true within `limit`; asks again every few milliseconds.
///
/// Only for what nothing signals, such as a byte that a foreign program writes to a file.
public func eventually(
    isolation: isolated (any Actor)? = #isolation, within limit: Duration = .seconds(10),
    _ condition: () async throws -> Bool
) async throws -> Bool {
    let clock = ContinuousClock()
    let deadline = clock.now.advanced(by: limit)
    while true {
        if try await condition() { return true }
        if clock.now >= deadline { return false }
        try await Task.sleep(for: .milliseconds(5))
    }
}
