/// What a control client says, a line or a block at a time.
public enum ControlEvent: Sendable, Equatable {
    /// The answer to one command: its lines without their newlines.
    case block(lines: [[UInt8]], isError: Bool)
    /// A line outside of any answer, such as `%session-changed $1 name`.
    case notification(name: String, rest: [UInt8])
}

/// The control-mode protocol of tmux, over bytes that may be cut anywhere.
public struct ControlParser: Sendable {
    private var line: [UInt8] = []
    /// The guard's arguments, which the end of the same answer repeats.
    private var open: (guardWords: ArraySlice<UInt8>, lines: [[UInt8]])?

    public init() {}

    /// Takes the next bytes and returns what they complete.
    public mutating func receive(_ bytes: some Sequence<UInt8>) -> [ControlEvent] {
        var events: [ControlEvent] = []
        for byte in bytes {
            if byte == UInt8(ascii: "\n") {
                if let event = endOfLine() { events.append(event) }
                line.removeAll(keepingCapacity: true)
            } else {
                line.append(byte)
            }
        }
        return events
    }

    private mutating func endOfLine() -> ControlEvent? {
        if let answer = open {
            for (word, isError) in [("%end ", false), ("%error ", true)]
            where line.starts(with: word.utf8) && line.dropFirst(word.utf8.count) == answer.guardWords {
                open = nil
                return .block(lines: answer.lines, isError: isError)
            }
            // Whatever else stands in an answer is text, even if it looks like a notification.
            open?.lines.append(line)
            return nil
        }
        let begin = "%begin "
        if line.starts(with: begin.utf8) {
            open = (guardWords: ArraySlice(Array(line.dropFirst(begin.utf8.count))), lines: [])
            return nil
        }
        guard line.first == UInt8(ascii: "%") else { return nil }
        let name = line.prefix { $0 != UInt8(ascii: " ") }
        return .notification(
            name: String(decoding: name.dropFirst(), as: UTF8.self),
            rest: Array(line.dropFirst(name.count + 1)))
    }
}
