public import Core
public import SystemPackage

/// Why a daemon gives up watching.
public enum WatchError: Error, Equatable {
    /// For so long no step could be written.
    case databaseUnusable(reason: String, after: Duration)
    /// The file that was opened does not lie at its path any more: what is written there nobody would ever read.
    case databaseGone(path: FilePath)
}

extension WatchError: UserFacingError {
    public var code: String {
        switch self {
        case .databaseUnusable: "database_unusable"
        case .databaseGone: "database_gone"
        }
    }

    public var message: String {
        switch self {
        case .databaseUnusable(let reason, let after) where after > .zero:
            "The database could not be used for \(after.components.seconds) s: \(reason)"
        case .databaseUnusable(let reason, _): "The database cannot be used: \(reason)"
        case .databaseGone(let path): "The database \(path) was removed or replaced while the daemon ran"
        }
    }

    public var hint: String? {
        switch self {
        case .databaseUnusable:
            "Put that right, then run 'tmux-agent up': what the agents print meanwhile is kept"
        case .databaseGone: "Run 'tmux-agent up' to go on with what lies there now"
        }
    }

    public var exitStatus: ExitStatus { .unusableSettings }
}
