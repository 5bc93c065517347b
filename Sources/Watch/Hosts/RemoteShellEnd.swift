internal import SSHKit

/// What became of a shell line on another machine.
public struct RemoteShellEnd: Sendable, Equatable {
    public enum End: Sendable, Equatable {
        case exited(Int32)
        case signaled(Int32)
        case timedOut
        /// It was begun, and nobody knows how it ended.
        case uncertain
    }

    public var end: End
    /// The last lines of its output.
    public var output: String

    public init(end: End, output: String) {
        self.end = end
        self.output = output
    }
}

extension RemoteShellEnd {
    init(_ fate: RemoteFate) {
        guard case .ended(let text, let output) = fate else {
            self.init(end: .uncertain, output: "")
            return
        }
        let end: End
        switch ShellActionStatus(text: text) {
        case .exited(let code): end = .exited(code)
        case .signaled(let signal): end = .signaled(signal)
        case .timedOut: end = .timedOut
        case .failed, nil: end = .uncertain
        }
        self.init(end: end, output: String(decoding: output, as: UTF8.self))
    }
}
