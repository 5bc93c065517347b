public import ProcessKit

/// How a command line reaches the machine that a tmux server runs on.
public struct TmuxTransport: Sendable {
    /// The command to run here, for one that is to run there: arguments, input, output and exit status stay the same.
    public let carry: @Sendable (Command) -> Command

    public init(carry: @escaping @Sendable (Command) -> Command) { self.carry = carry }

    /// The server runs on this machine.
    public static let local = TmuxTransport { $0 }
}
