/// As for `ScreenRow`, a short array: of flags, the row, and what else is known.
extension TranscriptScanner.Row {
    init(from decoder: any Decoder) throws {
        var container = try decoder.unkeyedContainer()
        let flags = try container.decode(Int.self)
        row = try container.decode(ScreenRow.self)
        isWarned = flags & 1 != 0
        isLineGiven = flags & 2 != 0
        isOld = flags & 4 != 0
        isEcho = flags & 8 != 0
        isOrphan = flags & 16 != 0
        isBehindGap = flags & 256 != 0
        counted = flags & 32 != 0 ? try container.decode(UInt64.self) : nil
        head = flags & 64 != 0 ? try container.decode(String.self) : flags & 128 != 0 ? row.text : nil
    }

    func encode(to encoder: any Encoder) throws {
        let isOwnHead = head == row.text
        var flags = (isWarned ? 1 : 0) | (isLineGiven ? 2 : 0) | (isOld ? 4 : 0) | (isEcho ? 8 : 0)
        flags |= (isOrphan ? 16 : 0) | (counted != nil ? 32 : 0) | (isBehindGap ? 256 : 0)
        if head != nil { flags |= isOwnHead ? 128 : 64 }
        var container = encoder.unkeyedContainer()
        try container.encode(flags)
        try container.encode(row)
        if let counted { try container.encode(counted) }
        if let head, !isOwnHead { try container.encode(head) }
    }
}
