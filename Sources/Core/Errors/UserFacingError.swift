/// How the process ends; the numbers are sysexits(3)'s where one fits.
public enum ExitStatus: Int32, Sendable, CaseIterable {
    case done = 0
    /// What was asked for could not be achieved.
    case notAchieved = 1
    case usage = 64
    /// tmux or the daemon cannot be reached.
    case unavailable = 69
    /// A fault of this program.
    case bug = 70
    /// Refused by policy or trust.
    case refused = 77
    /// Settings, policy, template or database cannot be used.
    case unusableSettings = 78
    case interrupted = 130
}

/// An error that a person reads: what is wrong with which object, and what to do next.
public protocol UserFacingError: Error, Sendable {
    /// A stable snake_case word for JSON output; never renamed.
    var code: String { get }
    /// One sentence that names the object; no full stop after a name, path or command.
    var message: String { get }
    /// What to do or write instead.
    var hint: String? { get }
    var exitStatus: ExitStatus { get }
    /// The error beneath this one, shown as `Caused by:`.
    var cause: (any Error)? { get }
}

extension UserFacingError {
    public var hint: String? { nil }
    public var exitStatus: ExitStatus { .notAchieved }
    public var cause: (any Error)? { nil }
}
