/// Says libyaml's faults in words that help, and mends those that hide further ones.
enum YAMLSyntax {
    static func report(_ fault: YAMLFault, in bytes: [UInt8], file: String, to problems: ProblemList) {
        switch fault.kind {
        case .refused(let message, let suggestion):
            let place = SourcePosition(file: file, line: fault.line + 1, column: fault.column + 1)
            problems.error(message, at: place, suggestion: suggestion)
        case .syntax(let problem, let context):
            let advice = YAMLAdvice.advice(problem, context, on: fault, in: YAMLRows(bytes))
            let place = SourcePosition(
                file: file, line: advice.place.line + 1, column: advice.place.column + 1)
            problems.error(advice.message, at: place, suggestion: advice.suggestion)
        }
    }

    /// The bytes with the fault replaced by something harmless of the same length, or nil where that could mislead.
    static func mend(_ fault: YAMLFault, in bytes: [UInt8]) -> [UInt8]? {
        guard case .syntax(let problem, _) = fault.kind, let offset = offset(of: fault, in: bytes) else {
            return nil
        }
        var mended = bytes
        switch problem {
        case "found character that cannot start any token" where bytes[offset] == UInt8(ascii: "\t"):
            for index in offset..<bytes.count {
                guard bytes[index] == UInt8(ascii: "\t") || bytes[index] == UInt8(ascii: " ") else { break }
                mended[index] = UInt8(ascii: " ")
            }
        case "found character that cannot start any token": mended[offset] = UInt8(ascii: "x")
        case "found unknown escape character":
            guard let slash = bytes[offset...].firstIndex(of: UInt8(ascii: "\\")) else { return nil }
            mended[slash] = UInt8(ascii: "/")
        default: return nil
        }
        return mended
    }

    /// The byte at the fault's line and column; nil past the end.
    private static func offset(of fault: YAMLFault, in bytes: [UInt8]) -> Int? {
        var line = 0
        var index = 0
        while line < fault.line {
            guard let end = bytes[index...].firstIndex(of: UInt8(ascii: "\n")) else { return nil }
            index = end + 1
            line += 1
        }
        var column = -1
        while index < bytes.count {
            if bytes[index] & 0b1100_0000 != 0b1000_0000 { column += 1 }
            if column == fault.column { return index }
            index += 1
        }
        return nil
    }
}
