/// How much and how long one client may take of the server.
public struct WebLimits: Sendable {
    /// From connecting to the end of the first request's headers.
    public var firstHead = Duration.seconds(10)
    /// From the end of the headers to the end of the body.
    public var request = Duration.seconds(20)
    /// A connection on which nothing is asked.
    public var idle = Duration.seconds(60)
    /// An answer that the client does not take from the wire.
    public var stall = Duration.seconds(30)
    /// How long connections may go on when the server ends.
    public var farewell = Duration.seconds(2)
    /// Bytes of a body.
    public var body = 256 << 10
    /// Bytes of all headers together.
    public var headers = 32 << 10
    public var headerCount = 100
    /// Of all servers of a site together, and at most a third of the files that the process may have open; others wait
    /// in the system's queue.
    public var connections = 1000
    /// Followers of `/api/events`.
    public var eventClients = 300
    /// The pause between signs of life on `/api/events`.
    public var heartbeat = Duration.seconds(15)

    public init() {}
}
