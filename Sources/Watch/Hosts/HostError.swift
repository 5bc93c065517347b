public import Core

/// Why a host cannot be watched at the moment.
public enum HostError: Error, Equatable {
    case notReachable(host: String, reason: String)
}

extension HostError: UserFacingError {
    public var code: String {
        switch self {
        case .notReachable: "host_not_reachable"
        }
    }

    public var message: String {
        switch self {
        case .notReachable(let host, let reason): "Host '\(host.visible)' is not reachable: \(reason)"
        }
    }

    public var hint: String? {
        switch self {
        case .notReachable(let host, _):
            "Its panes are taken up again when it answers; look whether 'ssh' to '\(host.visible)' works"
        }
    }

    public var exitStatus: ExitStatus {
        switch self {
        case .notReachable: .unavailable
        }
    }
}
