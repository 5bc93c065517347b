public import Core

/// Why something on another machine was not done.
public enum SSHError: Error, Equatable {
    /// There is no connection, or it broke before the answer came.
    case notConnected(reason: String)
    /// The machine is reached, but cannot be used.
    case refused(reason: String)
    /// Nothing came for longer than the host's time limit.
    case silent(Duration)
    case malformed(line: String)
    case mirror(path: String, reason: String)
    case notStarted(reason: String)
}

extension SSHError: UserFacingError {
    public var code: String {
        switch self {
        case .notConnected: "ssh_not_connected"
        case .refused: "ssh_refused"
        case .silent: "ssh_silent"
        case .malformed: "ssh_malformed"
        case .mirror: "ssh_mirror"
        case .notStarted: "ssh_not_started"
        }
    }

    public var message: String {
        switch self {
        case .notConnected(let reason): reason
        case .refused(let reason): "it cannot be watched: \(reason)"
        case .silent(let limit): "nothing came for \(limit.inMilliseconds / 1000) s"
        case .malformed(let line): "what came makes no sense: '\(String(line.prefix(80)).visible)'"
        case .mirror(let path, let reason): "\(path) could not be written: \(reason)"
        case .notStarted(let reason): "the shell action could not be started there: \(reason)"
        }
    }

    public var exitStatus: ExitStatus {
        switch self {
        case .notConnected, .refused, .silent, .malformed, .notStarted: .unavailable
        case .mirror: .notAchieved
        }
    }
}
