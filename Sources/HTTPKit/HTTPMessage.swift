/// A request to send.
public struct HTTPRequest: Sendable, Equatable {
    public var method: String
    /// `http` or `https`; nothing else is spoken.
    public var url: String
    public var headers: [(name: String, value: String)]
    public var body: [UInt8]?
    /// For the whole exchange, connecting included.
    public var timeout: Duration

    public init(
        method: String = "GET", url: String, headers: [(name: String, value: String)] = [],
        body: [UInt8]? = nil,
        timeout: Duration = .seconds(15)
    ) {
        self.method = method
        self.url = url
        self.headers = headers
        self.body = body
        self.timeout = timeout
    }

    public static func == (left: Self, right: Self) -> Bool {
        left.method == right.method && left.url == right.url && left.body == right.body
            && left.timeout == right.timeout && left.headers.elementsEqual(right.headers, by: ==)
    }
}

/// What a server answered, whatever its status: a 500 is a value, not an error.
public struct HTTPResponse: Sendable, Equatable {
    public var status: Int
    /// Names in lower case; of repeated headers the last.
    public var headers: [String: String]
    public var body: [UInt8]

    public var isSuccess: Bool { (200..<300).contains(status) }
    /// The body with damaged UTF-8 replaced.
    public var text: String { String(decoding: body, as: UTF8.self) }
}
