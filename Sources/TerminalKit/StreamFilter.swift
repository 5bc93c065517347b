/// One finished control sequence, as far as the reader needs to know it.
struct ControlSequence: Equatable, Sendable {
    /// `[` for CSI, the final byte alone for a plain escape.
    var isCSI: Bool
    /// `?`, `>`, `<`, `=` or 0.
    var leader: UInt8
    var intermediate: UInt8
    var final: UInt8
    /// At most eight numbers; a missing one is -1.
    var parameters: [Int]

    func parameter(_ index: Int, default value: Int) -> Int {
        index < parameters.count && parameters[index] > 0 ? parameters[index] : value
    }
}

/// A moment in the byte stream at which a screen may be looked at.
enum Boundary: Equatable {
    /// A line feed is next.
    case lineFeed
    /// This sequence is next: what it does has not happened yet.
    case before(ControlSequence)
    /// This sequence has just been done.
    case after(ControlSequence)
}

/// Follows the parser's state, takes out what libvterm 0.1.4 would print as text, and finds boundaries.
///
/// APC, PM and SOS strings and `ESC k … ST` (screen's window title) are dropped; `?47` becomes `?1047`, which libvterm
/// knows. Operating system commands and device control strings pass up to `longestString` bytes, because libvterm
/// collects them without a limit. Strings end at ST, CAN, SUB or another escape, as in tmux.
struct StreamFilter {
    enum State: UInt8 {
        case ground, escape, intermediate, csi, string, stringEscape, dropped, droppedEscape
    }

    private(set) var state = State.ground
    /// Character set designations and shifts since the last look: intermediate and final byte, or SO/SI and 0.
    var shifts: [(UInt8, UInt8)] = []
    /// Bytes of a multi-byte character that are still to come.
    private(set) var missing = 0
    private var sequence: [UInt8] = []
    private var stringLength = 0
    private var stringIsOSC = false
    /// Bytes that belong to the output but come after a boundary that was already reported.
    private var held: [UInt8] = []
    /// The line feed that comes next was reported as a boundary.
    var isLineFeedReported = false

    static let longestString = 4096
    static let longestSequence = 256

    /// True where a line can begin: nothing is pending but a line feed that was reported.
    var isBetweenLines: Bool { state == .ground && missing == 0 && held.isEmpty }

    /// True between characters and sequences: a snapshot taken here loses nothing.
    var isAtGround: Bool { state == .ground && missing == 0 && held.isEmpty && !isLineFeedReported }

    /// Takes bytes from `index` on until the input ends (nil) or a boundary is reached.
    mutating func next(
        _ input: UnsafeBufferPointer<UInt8>, _ index: inout Int, into output: inout [UInt8]
    ) -> Boundary? {
        if !held.isEmpty {
            output += held
            held.removeAll(keepingCapacity: true)
        }
        while index < input.count {
            let byte = unsafe input[index]
            switch state {
            case .ground:
                if byte == 0x0a || byte == 0x0b || byte == 0x0c {
                    guard isLineFeedReported else {
                        isLineFeedReported = true
                        return .lineFeed
                    }
                    isLineFeedReported = false
                    missing = 0
                    output.append(byte)
                    index += 1
                } else {
                    unsafe ground(input, &index, into: &output)
                }
            case .escape:
                index += 1
                if let boundary = escape(byte, into: &output) { return boundary }
            case .intermediate:
                index += 1
                intermediate(byte, into: &output)
            case .csi:
                index += 1
                if let boundary = csi(byte, into: &output) { return boundary }
            case .string, .stringEscape: string(byte, &index, into: &output)
            case .dropped, .droppedEscape: dropped(byte, &index, into: &output)
            }
        }
        return nil
    }

    /// Copies a run of ordinary bytes; stops behind an escape or before a line feed.
    private mutating func ground(
        _ input: UnsafeBufferPointer<UInt8>, _ index: inout Int, into output: inout [UInt8]
    ) {
        let start = index
        while index < input.count {
            let byte = unsafe input[index]
            if byte == 0x1b {
                unsafe output.append(contentsOf: input[start..<index])
                index += 1
                state = .escape
                missing = 0
                sequence = [0x1b]
                return
            }
            if byte == 0x0a || byte == 0x0b || byte == 0x0c { break }
            if byte < 0x80 {
                missing = 0
                if byte == 0x0e || byte == 0x0f { shifts.append((byte, 0)) }
            } else if byte >= 0xc0 {
                missing = byte >= 0xf0 ? 3 : byte >= 0xe0 ? 2 : 1
            } else if missing > 0 {
                missing -= 1
            }
            index += 1
        }
        unsafe output.append(contentsOf: input[start..<index])
    }

    private mutating func escape(_ byte: UInt8, into output: inout [UInt8]) -> Boundary? {
        switch byte {
        case 0x1b:
            return nil
        case UInt8(ascii: "["):
            sequence.append(byte)
            state = .csi
        case UInt8(ascii: "]"), UInt8(ascii: "P"):
            stringIsOSC = byte == UInt8(ascii: "]")
            stringLength = 0
            output += [0x1b, byte]
            state = .string
        case UInt8(ascii: "_"), UInt8(ascii: "^"), UInt8(ascii: "X"), UInt8(ascii: "k"):
            state = .dropped
        case 0x20...0x2f:
            sequence.append(byte)
            state = .intermediate
        case 0x18, 0x1a:
            state = .ground
        case 0x00..<0x20:
            output.append(byte)
        case 0x30...0x7e:
            state = .ground
            let done = ControlSequence(isCSI: false, leader: 0, intermediate: 0, final: byte, parameters: [])
            held = [0x1b, byte]
            return .before(done)
        default:
            // Not an escape sequence: libvterm goes back to the ground with this byte.
            state = .ground
        }
        return nil
    }

    private mutating func intermediate(_ byte: UInt8, into output: inout [UInt8]) {
        switch byte {
        case 0x20...0x2f where sequence.count < 8: sequence.append(byte)
        case 0x18, 0x1a: state = .ground
        case 0x1b:
            sequence = [0x1b]
            state = .escape
        case 0x00..<0x20: output.append(byte)
        default:
            output += sequence + [byte]
            if sequence.count == 2 { shifts.append((sequence[1], byte)) }
            state = .ground
        }
    }

    private mutating func csi(_ byte: UInt8, into output: inout [UInt8]) -> Boundary? {
        switch byte {
        case 0x18, 0x1a:
            state = .ground
        case 0x1b:
            sequence = [0x1b]
            state = .escape
        case 0x00..<0x20:
            output.append(byte)
        case 0x20...0x3f:
            // A sequence that is too long to mean anything is swallowed to its end.
            if sequence.count < Self.longestSequence { sequence.append(byte) }
        case 0x40...0x7e:
            state = .ground
            guard sequence.count < Self.longestSequence else { return nil }
            sequence.append(byte)
            return finished(into: &output)
        default:
            state = .ground
        }
        return nil
    }

    private mutating func finished(into output: inout [UInt8]) -> Boundary? {
        let control = Self.parse(sequence)
        if control.final == UInt8(ascii: "m"), control.leader == 0 {
            output += sequence
            return nil
        }
        held = Self.translated(sequence, control)
        if Self.endsFrame(control) {
            output += held
            held.removeAll(keepingCapacity: true)
            return .after(control)
        }
        return .before(control)
    }

    /// Synchronised output ends, the cursor appears, or it is placed: a program has painted.
    private static func endsFrame(_ control: ControlSequence) -> Bool {
        if control.leader == UInt8(ascii: "?") {
            return control.final == UInt8(ascii: "l") && control.parameters.contains(2026)
                || control.final == UInt8(ascii: "h") && control.parameters.contains(25)
        }
        return control.leader == 0 && control.final == UInt8(ascii: "H")
            && control.parameter(0, default: 1) > 1
    }

    static func parse(_ bytes: [UInt8]) -> ControlSequence {
        var control = ControlSequence(isCSI: true, leader: 0, intermediate: 0, final: 0, parameters: [])
        var number = -1
        for byte in bytes.dropFirst(2) {
            switch byte {
            case 0x30...0x39: number = min(max(number, 0) * 10 + Int(byte - 0x30), 1_000_000)
            case UInt8(ascii: ";"), UInt8(ascii: ":"):
                if control.parameters.count < 8 { control.parameters.append(number) }
                number = -1
            case 0x3c...0x3f: control.leader = byte
            case 0x20...0x2f: control.intermediate = byte
            default: control.final = byte
            }
        }
        if control.parameters.count < 8 { control.parameters.append(number) }
        return control
    }

    private static func translated(_ bytes: [UInt8], _ control: ControlSequence) -> [UInt8] {
        guard control.leader == UInt8(ascii: "?"), control.parameters.contains(47),
            control.final == UInt8(ascii: "h") || control.final == UInt8(ascii: "l")
        else { return bytes }
        let numbers = control.parameters.map { $0 == 47 ? "1047" : $0 < 0 ? "" : String($0) }
        return Array("\u{1b}[?".utf8) + Array(numbers.joined(separator: ";").utf8) + [control.final]
    }

    /// One byte of an operating system command or device control string.
    private mutating func string(_ byte: UInt8, _ index: inout Int, into output: inout [UInt8]) {
        if state == .stringEscape {
            state = .ground
            // libvterm ends the string at the escape itself, so a new sequence may begin here.
            output.append(contentsOf: [0x1b, UInt8(ascii: "\\")])
            if byte == UInt8(ascii: "\\") {
                index += 1
            } else {
                sequence = [0x1b]
                state = .escape
            }
            return
        }
        index += 1
        switch byte {
        case 0x1b: state = .stringEscape
        case 0x18, 0x1a:
            output.append(byte)
            state = .ground
        case 0x07 where stringIsOSC:
            output.append(byte)
            state = .ground
        case 0x00..<0x20: break
        default:
            stringLength += 1
            if stringLength <= Self.longestString { output.append(byte) }
        }
    }

    private mutating func dropped(_ byte: UInt8, _ index: inout Int, into output: inout [UInt8]) {
        if state == .droppedEscape {
            state = .ground
            if byte == UInt8(ascii: "\\") {
                index += 1
            } else {
                sequence = [0x1b]
                state = .escape
            }
            return
        }
        index += 1
        switch byte {
        case 0x1b: state = .droppedEscape
        case 0x18, 0x1a: state = .ground
        default: break
        }
    }
}
