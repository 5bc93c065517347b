/// One finished control sequence, as far as tmux knows it.
struct ControlSequence: Equatable, Sendable {
    /// `[` for CSI, the final byte alone for a plain escape.
    var isCSI: Bool
    /// `?`, `>`, `<`, `=` or 0.
    var leader: UInt8
    var intermediate: UInt8
    var final: UInt8
    /// At most `mostParameters` numbers; a missing one is -1.
    var parameters: [Int]
    /// The printed byte that stood right before the sequence, 0 when none did.
    var behind: UInt8 = 0

    /// libvterm 0.1.4 keeps 16 arguments and writes the next ones over its own memory.
    static let mostParameters = 15
    static let largestParameter = 1_000_000

    func parameter(_ index: Int, default value: Int) -> Int {
        index < parameters.count && parameters[index] > 0 ? parameters[index] : value
    }

    /// Reads `ESC [ … final`; nil when its parts do not stand in their order, which terminals ignore.
    init?(csi bytes: [UInt8]) {
        (isCSI, leader, intermediate, final, parameters) = (true, 0, 0, 0, [])
        var number = -1
        for (index, byte) in bytes.enumerated().dropFirst(2) {
            switch byte {
            case 0x30...0x39 where intermediate == 0:
                number = min(max(number, 0) * 10 + Int(byte - 0x30), Self.largestParameter)
            case UInt8(ascii: ";") where intermediate == 0, UInt8(ascii: ":") where intermediate == 0:
                if parameters.count < Self.mostParameters { parameters.append(number) }
                number = -1
            case 0x3c...0x3f where index == 2: leader = byte
            case 0x20...0x2f where intermediate == 0: intermediate = byte
            case 0x40...0x7e: final = byte
            default: return nil
            }
        }
        if parameters.count < Self.mostParameters { parameters.append(number) }
    }

    init(escape final: UInt8, intermediate: UInt8 = 0) {
        (isCSI, leader, parameters) = (false, 0, [])
        (self.final, self.intermediate) = (final, intermediate)
    }

    /// True for `CSI … final` without leader and intermediate.
    func isPlain(_ final: UInt8) -> Bool {
        isCSI && leader == 0 && intermediate == 0 && self.final == final
    }

    /// Appends the sequence anew, in a form that every parser reads alike.
    func append(to bytes: inout [UInt8]) {
        bytes.append(0x1b)
        guard isCSI else {
            if intermediate != 0 { bytes.append(intermediate) }
            return bytes.append(final)
        }
        bytes.append(UInt8(ascii: "["))
        if leader != 0 { bytes.append(leader) }
        for (index, number) in parameters.enumerated() {
            if index > 0 { bytes.append(UInt8(ascii: ";")) }
            if number >= 0 { Self.append(number, to: &bytes) }
        }
        bytes.append(final)
    }

    private static func append(_ number: Int, to bytes: inout [UInt8]) {
        if number > 9 { append(number / 10, to: &bytes) }
        bytes.append(0x30 + UInt8(number % 10))
    }
}
