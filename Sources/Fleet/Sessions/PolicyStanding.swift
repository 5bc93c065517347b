public import Core
internal import ProcessKit
internal import Store
public import SystemPackage

/// Which policy the daemon goes by now: the file as it is, or the last good one because an edit cannot be used.
public struct PolicyStanding: Sendable, Equatable {
    /// When the daemon looked at the file last.
    public var since: Timestamp
    /// Every problem of the edit that was refused; nil while the file is in force.
    public var refused: String?
    /// There is no file, and so no policy.
    public var isMissing = false

    /// Nil while no daemon watches the fleet: then no policy is in force.
    public static func now(in context: FleetContext) async throws -> PolicyStanding? {
        guard try context.isWatched(),
            let entry = try await context.store.newestEntry(.policyLoaded, of: .mainCheckout)
        else { return nil }
        return PolicyStanding(
            since: entry.at, refused: entry.payload["refused"]?.string,
            isMissing: entry.payload["missing"]?.bool == true)
    }

    /// What a person is told beside other things; nil while there is nothing to say.
    public var warning: String? {
        if isMissing { return "There is no policy file, so no pipeline runs: 'tmux-agent init' writes one" }
        guard refused != nil else { return nil }
        return
            "The policy file cannot be used and the last good one is in force: see 'tmux-agent policy check'"
    }
}

extension FleetContext {
    /// The policy that the daemon goes by, word for word: kept because an edit of the file may be unusable.
    public var policyInForce: FilePath { run.appending("policy.yaml") }
}
