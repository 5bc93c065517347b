internal import Core

extension StreamFilter {
    /// Takes a run of bytes from 0x80 on; as in tmux, what is no UTF-8 is shown as nothing.
    mutating func characters(
        _ input: UnsafeBufferPointer<UInt8>, _ index: inout Int, into output: inout [UInt8]
    ) -> Piece? {
        lastPrinted = 0
        while index < input.count {
            let byte = unsafe input[index]
            guard byte >= 0x80, run < Self.longestRun || !character.isEmpty else { return nil }
            if character.isEmpty, let length = unsafe plainLength(input, index) {
                unsafe output.append(contentsOf: UnsafeBufferPointer(rebasing: input[index..<index + length]))
                index += length
                run += length
                continue
            }
            index += 1
            run += 1
            if character.isEmpty {
                if (0xc2...0xf4).contains(byte) { character.append(byte) }
                continue
            }
            character.append(byte)
            guard character.count == Self.length(character[0]) else { continue }
            let whole = character
            character.removeAll(keepingCapacity: true)
            guard let scalar = Self.scalar(whole) else { continue }
            if isJoining || scalar.isZeroWidth {
                isJoining = scalar.value == Self.zeroWidthJoiner
                return .mark(scalar.value)
            }
            output += whole
        }
        return nil
    }

    /// How many bytes the character at `index` has, when it is whole there and no more than a character.
    private func plainLength(_ input: UnsafeBufferPointer<UInt8>, _ index: Int) -> Int? {
        let lead = unsafe input[index]
        guard !isJoining, (0xc3...0xf4).contains(lead) else { return nil }
        let length = Self.length(lead)
        guard index + length <= input.count else { return nil }
        var value = UInt32(lead) & (length == 2 ? 0x1f : length == 3 ? 0x0f : 0x07)
        for place in index + 1..<index + length {
            let byte = unsafe input[place]
            guard byte & 0xc0 == 0x80 else { return nil }
            value = value << 6 | UInt32(byte & 0x3f)
        }
        guard value >= (length == 2 ? 0xa0 : length == 3 ? 0x800 : 0x1_0000),
            let scalar = Unicode.Scalar(value), !scalar.isZeroWidth
        else { return nil }
        return length
    }

    private static func length(_ lead: UInt8) -> Int { lead >= 0xf0 ? 4 : lead >= 0xe0 ? 3 : 2 }

    /// The character that the bytes are; nil for none, and for the control characters from U+0080 to U+009F.
    private static func scalar(_ bytes: [UInt8]) -> Unicode.Scalar? {
        var value = UInt32(bytes[0]) & (bytes.count == 2 ? 0x1f : bytes.count == 3 ? 0x0f : 0x07)
        for byte in bytes.dropFirst() {
            guard byte & 0xc0 == 0x80 else { return nil }
            value = value << 6 | UInt32(byte & 0x3f)
        }
        let least: UInt32 = bytes.count == 2 ? 0xa0 : bytes.count == 3 ? 0x800 : 0x1_0000
        guard value >= least else { return nil }
        return Unicode.Scalar(value)
    }
}

extension Unicode.Scalar {
    /// True when it is drawn onto the character before; wide enough to hold libvterm's own list.
    var isZeroWidth: Bool {
        switch value {
        case 0..<0x300, 0x2010...0x2027, 0x2070...0x20cf, 0x2100...0x2bff, 0x3400...0xa66e, 0xac00...0xd7a3,
            0xe000...0xfaff, 0x1f300...0x1faff:
            false
        case 0x206a...0x206f, 0x302e, 0x302f, 0xfff9...0xfffb, 0x1d165...0x1d172: true
        default: displayWidth == 0
        }
    }
}
