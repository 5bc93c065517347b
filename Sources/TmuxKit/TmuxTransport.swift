public import ProcessKit

/// How a command line reaches the machine that a tmux server runs on.
public struct TmuxTransport: Sendable {
    private let road: (@Sendable (Command, Bool) -> Command)?

    /// `carry` makes the command to run here for one that is to run there; arguments, input, output and exit status stay.
    ///
    /// Its second argument is true for a client that stays as long as the connection. Exit status 255 means
    /// that the machine was not reached.
    public init(carry: @escaping @Sendable (Command, Bool) -> Command) { road = carry }

    private init() { road = nil }

    /// The server runs on this machine.
    public static let local = TmuxTransport()

    public var isLocal: Bool { road == nil }

    func carry(_ command: Command, isLasting: Bool = false) -> Command {
        road?(command, isLasting) ?? command
    }
}
