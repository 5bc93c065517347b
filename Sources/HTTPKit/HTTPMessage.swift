public import Core

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

extension HTTPResponse {
    /// How long the server asks not to be called (`Retry-After`): seconds or a date (RFC 9110, section 10.2.3), at most a
    /// day; nil when it does not say, or nothing that can be read.
    public func retryAfter(at now: Timestamp) -> Duration? {
        guard let text = headers["retry-after"] else { return nil }
        let pause: Duration
        if let seconds = Int64(text), (0..<1 << 40).contains(seconds) {
            pause = .seconds(seconds)
        } else if let time = Self.date(text) {
            pause = max(.zero, time.distance(from: now))
        } else {
            return nil
        }
        return min(pause, .seconds(86_400))
    }

    /// `Sun, 06 Nov 1994 08:49:37 GMT`.
    private static func date(_ text: String) -> Timestamp? {
        let months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]
        let parts = text.split(separator: " ")
        guard parts.count == 6, parts[5] == "GMT", let month = months.firstIndex(of: String(parts[2])) else {
            return nil
        }
        return Timestamp(iso8601: "\(parts[3])-\(month + 1)-\(parts[1])T\(parts[4])Z")
    }
}
