/// Takes a pane's bytes apart as tmux does: text that libvterm may print, and what needs more than printing.
///
/// What comes out does not depend on how the bytes were cut: characters and sequences are held back until they are
/// whole, text is valid UTF-8 without zero-width characters, and sequences are given as values. APC, PM, SOS and
/// `ESC k … ST` (screen's window title) are dropped, operating system commands and device control strings kept up to
/// `longestString` bytes. Strings end at ST, CAN, SUB or another escape.
struct StreamFilter {
    enum State: UInt8 {
        case ground, escape, intermediate, csi, string, stringEscape, dropped, droppedEscape
    }

    /// What comes behind the text that was put out.
    enum Piece: Equatable {
        /// A line feed is next; it is text when it is met again.
        case lineFeed
        case sequence(ControlSequence)
        /// A character without a width of its own.
        case mark(UInt32)
        /// The body of an operating system command.
        case command([UInt8])
        /// `longestRun` bytes of text came since the last other piece.
        case pause
    }

    private(set) var state = State.ground
    /// Shifts (SO, SI) since the last look.
    var shifts: [UInt8] = []
    /// The bytes of a character that is not whole.
    var character: [UInt8] = []
    private var sequence: [UInt8] = []
    private var string: [UInt8] = []
    private var stringIsOSC = false
    /// A zero-width joiner came: the next character belongs to the one before.
    var isJoining = false
    /// The line feed that comes next was reported.
    var isLineFeedReported = false
    /// Bytes of text since the last boundary.
    var run = 0
    /// The last byte if it was printed, else 0.
    var lastPrinted: UInt8 = 0
    private var behind: UInt8 = 0

    static let longestString = 4096
    static let longestSequence = 256
    static let longestRun = 4096
    static let zeroWidthJoiner: UInt32 = 0x200d

    /// True where a line can begin: nothing is pending but a line feed that was reported.
    var isBetweenLines: Bool { state == .ground && character.isEmpty && !isJoining }

    /// True between characters and sequences: a snapshot taken here loses nothing.
    var isAtGround: Bool { isBetweenLines && !isLineFeedReported }

    /// True inside of a string that a control character must end.
    var isInString: Bool {
        switch state {
        case .string, .stringEscape, .dropped, .droppedEscape: true
        case .ground, .escape, .intermediate, .csi: false
        }
    }

    /// Takes bytes from `index` on until the input ends (nil) or a piece comes that is no text.
    mutating func next(
        _ input: UnsafeBufferPointer<UInt8>, _ index: inout Int, into output: inout [UInt8]
    ) -> Piece? {
        while index < input.count {
            let byte = unsafe input[index]
            var piece: Piece?
            switch state {
            case .ground: piece = unsafe ground(input, &index, into: &output)
            case .escape:
                index += 1
                piece = escape(byte, into: &output)
            case .intermediate:
                index += 1
                piece = intermediate(byte, into: &output)
            case .csi:
                index += 1
                piece = csi(byte, into: &output)
            case .string, .stringEscape: piece = string(byte, &index)
            case .dropped, .droppedEscape: dropped(byte, &index)
            }
            if let piece { return piece }
        }
        return nil
    }

    /// Copies text; stops behind an escape, before a line feed, at a character without width and when a run is over.
    private mutating func ground(
        _ input: UnsafeBufferPointer<UInt8>, _ index: inout Int, into output: inout [UInt8]
    ) -> Piece? {
        let first = unsafe input[index]
        if first < 0x80 { character.removeAll(keepingCapacity: true) }
        if run >= Self.longestRun, character.isEmpty {
            run = 0
            return .pause
        }
        if first == 0x0a || first == 0x0b || first == 0x0c { return lineFeed(first, &index, into: &output) }
        if first >= 0x80 { return unsafe characters(input, &index, into: &output) }
        let start = index
        let limit = min(input.count, index + Self.longestRun - run)
        isJoining = false
        var last = lastPrinted
        var isEscape = false
        while index < limit {
            let byte = unsafe input[index]
            if byte >= 0x80 || byte == 0x0a || byte == 0x0b || byte == 0x0c { break }
            if byte == 0x1b {
                isEscape = true
                break
            }
            if byte == 0x0e || byte == 0x0f { shifts.append(byte) }
            last = (0x20..<0x7f).contains(byte) ? byte : 0
            index += 1
        }
        unsafe output.append(contentsOf: UnsafeBufferPointer(rebasing: input[start..<index]))
        run += index - start
        lastPrinted = last
        guard isEscape else { return nil }
        index += 1
        beginEscape()
        return nil
    }

    private mutating func beginEscape() {
        (behind, lastPrinted) = (lastPrinted, 0)
        character.removeAll(keepingCapacity: true)
        isJoining = false
        state = .escape
        sequence.removeAll(keepingCapacity: true)
        sequence.append(0x1b)
    }

    private mutating func lineFeed(_ byte: UInt8, _ index: inout Int, into output: inout [UInt8]) -> Piece? {
        isJoining = false
        guard isLineFeedReported else {
            isLineFeedReported = true
            run = 0
            return .lineFeed
        }
        isLineFeedReported = false
        lastPrinted = 0
        output.append(byte)
        index += 1
        return nil
    }

    private mutating func escape(_ byte: UInt8, into output: inout [UInt8]) -> Piece? {
        switch byte {
        case 0x1b, 0x7f: return nil
        case UInt8(ascii: "["):
            sequence.append(byte)
            state = .csi
        case UInt8(ascii: "]"), UInt8(ascii: "P"):
            stringIsOSC = byte == UInt8(ascii: "]")
            string.removeAll(keepingCapacity: true)
            state = .string
        case UInt8(ascii: "_"), UInt8(ascii: "^"), UInt8(ascii: "X"), UInt8(ascii: "k"):
            state = .dropped
        case 0x20...0x2f:
            sequence.append(byte)
            state = .intermediate
        case 0x18, 0x1a: state = .ground
        case 0x00..<0x20: control(byte, into: &output)
        case 0x30...0x7e:
            state = .ground
            return finished(ControlSequence(escape: byte))
        default: state = .ground
        }
        return nil
    }

    private mutating func intermediate(_ byte: UInt8, into output: inout [UInt8]) -> Piece? {
        switch byte {
        case 0x7f: break
        case 0x20...0x2f: if sequence.count < 8 { sequence.append(byte) }
        case 0x18, 0x1a: state = .ground
        case 0x1b: beginEscape()
        case 0x00..<0x20: control(byte, into: &output)
        case 0x30...0x7e:
            state = .ground
            guard sequence.count == 2 else { return nil }
            return finished(ControlSequence(escape: byte, intermediate: sequence[1]))
        default: state = .ground
        }
        return nil
    }

    private mutating func csi(_ byte: UInt8, into output: inout [UInt8]) -> Piece? {
        switch byte {
        case 0x7f: break
        case 0x18, 0x1a: state = .ground
        case 0x1b: beginEscape()
        case 0x00..<0x20: control(byte, into: &output)
        case 0x20...0x3f:
            // A sequence that is too long to mean anything is swallowed to its end.
            if sequence.count < Self.longestSequence { sequence.append(byte) }
        case 0x40...0x7e:
            state = .ground
            guard sequence.count < Self.longestSequence else { return nil }
            sequence.append(byte)
            if byte == UInt8(ascii: "m"), PlainLine.isColour(sequence) {
                output += sequence
                return nil
            }
            guard let control = ControlSequence(csi: sequence) else { return nil }
            return finished(control)
        default: state = .ground
        }
        return nil
    }

    /// A control character inside of a sequence is done at once; a line feed there is left out.
    private mutating func control(_ byte: UInt8, into output: inout [UInt8]) {
        guard !(0x0a...0x0c).contains(byte) else { return }
        if byte == 0x0e || byte == 0x0f { shifts.append(byte) }
        output.append(byte)
    }

    private func finished(_ control: ControlSequence) -> Piece {
        var control = control
        control.behind = behind
        return .sequence(control)
    }

    /// One byte of an operating system command or device control string.
    private mutating func string(_ byte: UInt8, _ index: inout Int) -> Piece? {
        if state == .stringEscape {
            // The string ends at the escape itself, so a new sequence may begin here.
            state = .ground
            if byte == UInt8(ascii: "\\") { index += 1 } else { beginEscape() }
            return stringIsOSC ? .command(string) : nil
        }
        index += 1
        switch byte {
        case 0x1b: state = .stringEscape
        case 0x18, 0x1a: state = .ground
        case 0x07 where stringIsOSC:
            state = .ground
            return .command(string)
        case 0x00..<0x20, 0x7f: break
        default: if string.count < Self.longestString { string.append(byte) }
        }
        return nil
    }

    private mutating func dropped(_ byte: UInt8, _ index: inout Int) {
        if state == .droppedEscape {
            state = .ground
            if byte == UInt8(ascii: "\\") { index += 1 } else { beginEscape() }
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
