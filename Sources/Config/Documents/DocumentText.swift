/// What every reader asks of a file before it looks at the syntax.
enum DocumentText {
    /// The bytes as text without a byte order mark.
    ///
    /// Refuses files over the limit, bytes that are not UTF-8, and NUL, at which C libraries would stop reading.
    static func checked(
        _ bytes: some Collection<UInt8>, file: String, limits: DocumentLimits
    ) throws(ConfigurationError) -> String {
        guard bytes.count <= limits.bytes else {
            throw refusal(
                file, at: [], "the file is \(bytes.count) bytes long; at most \(limits.bytes) are read",
                "Split it, or check that it is the file that was meant")
        }
        var bytes = Array(bytes)
        if bytes.starts(with: [0xEF, 0xBB, 0xBF]) { bytes.removeFirst(3) }
        if let offset = bytes.firstIndex(of: 0) {
            throw refusal(
                file, at: bytes[..<offset], "a NUL character stands here", "Save the file as UTF-8 text")
        }
        guard let text = String(validating: bytes, as: UTF8.self) else {
            throw refusal(
                file, at: bytes[..<firstInvalid(in: bytes)], "these bytes are not UTF-8",
                "Save the file as UTF-8 text")
        }
        return text
    }

    /// The position behind `before`.
    static func position(after before: some Collection<UInt8>, file: String) -> SourcePosition {
        var line = 1
        var column = 1
        for byte in before {
            if byte == UInt8(ascii: "\n") {
                line += 1
                column = 1
            } else if byte & 0b1100_0000 != 0b1000_0000 {
                column += 1
            }
        }
        return SourcePosition(file: file, line: line, column: column)
    }

    /// The first offset at which decoding replaces something.
    private static func firstInvalid(in bytes: [UInt8]) -> Int {
        var decoder = UTF8()
        var iterator = bytes.makeIterator()
        var offset = 0
        while true {
            switch decoder.decode(&iterator) {
            case .scalarValue(let scalar): offset += UTF8.width(scalar)
            case .emptyInput, .error: return offset
            }
        }
    }

    private static func refusal(
        _ file: String, at before: some Collection<UInt8>, _ message: String, _ suggestion: String
    ) -> ConfigurationError {
        let problem = ConfigurationProblem(
            at: position(after: before, file: file), message, suggestion: suggestion)
        return .invalid(file: file, problems: [problem])
    }
}
