internal import Core
internal import Logging

/// What does not work at the moment, so that each trouble is said when it begins, changes and ends, not in every turn.
struct Troubles {
    private var reasons: [String: String] = [:]

    /// What does not work and why, for people.
    var list: [String] { reasons.sorted { $0.key < $1.key }.map { "\($0.key): \($0.value)" } }

    /// True when this is news.
    mutating func began(_ part: String, _ reason: String) -> Bool {
        reasons.updateValue(reason, forKey: part) != reason
    }

    /// True when it had not worked before.
    mutating func ended(_ part: String) -> Bool {
        guard !reasons.isEmpty else { return false }
        return reasons.removeValue(forKey: part) != nil
    }

    /// Does something again and again; a failure is logged when it begins, changes and ends.
    ///
    /// False: it failed.
    @discardableResult
    mutating func attempt(_ part: String, _ log: Logger, _ body: () async throws -> Void) async -> Bool {
        do {
            try await body()
            if ended(part) { log.notice("\(part): works again") }
            return true
        } catch {
            let reason = (error as? any UserFacingError)?.message ?? "\(error)"
            if began(part, reason) { log.error("\(part): \(reason)") }
            return false
        }
    }
}
