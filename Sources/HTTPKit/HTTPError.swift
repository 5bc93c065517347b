public import Core

/// Why there was no answer.
public enum HTTPError: Error, Equatable {
    /// libcurl cannot be loaded.
    case unavailable(reason: String)
    case invalidRequest(reason: String)
    case timedOut(host: String)
    /// Name not found, connection refused, reset, TLS refused, …; `code` is libcurl's.
    case failed(host: String, code: UInt32, reason: String)
    case responseTooLarge(host: String, limit: Int)
    /// The caller's task was cancelled; the request may have arrived.
    case cancelled(host: String)
}

extension HTTPError: UserFacingError {
    public var code: String {
        switch self {
        case .unavailable: "http_unavailable"
        case .invalidRequest: "http_invalid_request"
        case .timedOut: "http_timed_out"
        case .failed: "http_failed"
        case .responseTooLarge: "http_response_too_large"
        case .cancelled: "http_cancelled"
        }
    }

    public var message: String {
        switch self {
        case .unavailable(let reason): "HTTP cannot be used: \(reason)"
        case .invalidRequest(let reason): "The request cannot be sent: \(reason)"
        case .timedOut(let host): "\(host) did not answer in time"
        case .failed(let host, _, let reason): "\(host): \(reason)"
        case .responseTooLarge(let host, let limit): "\(host) answered with more than \(limit) bytes"
        case .cancelled(let host): "\(host) was not waited for"
        }
    }

    public var hint: String? {
        switch self {
        case .unavailable: "Install it: apt-get install libcurl4"
        default: nil
        }
    }

    public var exitStatus: ExitStatus {
        switch self {
        case .invalidRequest: .unusableSettings
        default: .unavailable
        }
    }
}
