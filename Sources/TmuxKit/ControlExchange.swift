/// What came of one request.
enum ControlOutcome: Sendable, Equatable {
    case lines([String])
    case error(String)
}

/// Pairs the answers of a control connection with the requests sent on it.
///
/// tmux answers each command of a list, and each that `if-shell` runs, with a block of its own, so the number of blocks is
/// not known beforehand: a request is followed by a command that prints a word only it knows.
struct ControlExchange<Token: Sendable>: Sendable {
    private struct Waiting: Sendable {
        let token: Token
        let nonce: [UInt8]
        var lines: [[UInt8]] = []
        var error: [UInt8]?
    }

    private var waiting: [Waiting] = []
    private var count: UInt64 = 0
    private var parser = ControlParser()
    /// True from the first `%session-changed`: what is sent earlier may run before the client is attached.
    private(set) var isAttached = false
    /// True from `%exit`.
    private(set) var hasExited = false

    var isIdle: Bool { waiting.isEmpty }

    /// Registers a request and returns the bytes to send for it.
    mutating func request(_ line: String, token: Token) -> [UInt8] {
        count += 1
        let nonce = "tmux-agent-answer-\(count)"
        waiting.append(Waiting(token: token, nonce: Array(nonce.utf8)))
        return Array("\(line)\ndisplay-message -p \(nonce)\n".utf8)
    }

    /// Takes the next bytes from tmux; returns finished requests and notifications.
    mutating func receive(_ bytes: some Sequence<UInt8>) -> (
        done: [(Token, ControlOutcome)], notifications: [ControlEvent]
    ) {
        var done: [(Token, ControlOutcome)] = []
        var notifications: [ControlEvent] = []
        for event in parser.receive(bytes) {
            switch event {
            case .notification(let name, _):
                if name == "session-changed" { isAttached = true }
                if name == "exit" { hasExited = true }
                notifications.append(event)
            case .block(let lines, let isError):
                // Before the first request there is only the answer to the attach itself.
                guard let request = waiting.first else { continue }
                if lines.count == 1, lines[0] == request.nonce {
                    waiting.removeFirst()
                    done.append((request.token, Self.outcome(of: request)))
                } else if isError {
                    waiting[0].error = waiting[0].error ?? lines.first ?? []
                } else {
                    waiting[0].lines += lines
                }
            }
        }
        return (done, notifications)
    }

    /// Gives up all requests; their tokens in the order they were made.
    mutating func abandon() -> [Token] {
        defer { waiting = [] }
        return waiting.map(\.token)
    }

    private static func outcome(of request: Waiting) -> ControlOutcome {
        if let error = request.error { return .error(String(decoding: error, as: UTF8.self)) }
        return .lines(request.lines.map { String(decoding: $0, as: UTF8.self) })
    }
}
