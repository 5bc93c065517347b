internal import ProcessKit
internal import Store
internal import SystemPackage

/// How a tap, as it is now, goes with what was read of it.
enum TapContinuity: Equatable {
    /// All that was read stands there.
    case whole
    /// It begins as it did, and was cut: what follows `offset` was not read.
    case cut(at: Int64)
    /// Emptied, removed or replaced: none of it was read.
    case another

    /// Compares the file with the print that was taken at `committed`; without one only its length says something.
    static func of(_ tap: FilePath, committed: Int64, print: TapPrint?) throws -> TapContinuity {
        let size = Files.size(tap) ?? 0
        guard committed > 0 else { return .whole }
        guard let print, !print.head.isEmpty else { return size < committed ? .another : .whole }
        if size >= committed {
            let end = try Files.read(
                tap, from: committed - Int64(print.tail.count), limit: print.tail.count)
            if end == print.tail { return .whole }
        }
        let start = size == 0 ? [] : try Files.read(tap, from: 0, limit: print.head.count)
        // Zeros: the head was given back to the disk.
        let isFreed = start.allSatisfy { $0 == 0 }
        let common = isFreed ? start.count : zip(start, print.head).prefix { $0 == $1 }.count
        // Cut behind the head: where, only a file that is shorter than before can say.
        if common > 0, common == start.count { return .cut(at: min(size, committed)) }
        // Cut in the head, and more was printed since. Without a line in common it may as well be another file.
        return start.prefix(common).contains(UInt8(ascii: "\n")) ? .cut(at: Int64(common)) : .another
    }
}

extension TapPrint {
    private static let headLength = 1024
    private static let tailLength: Int64 = 256

    /// The print of a tap that was read up to `offset`; nil when the file is gone, which is found out elsewhere.
    init?(of tap: FilePath, upTo offset: Int64) {
        let begin = max(0, offset - Self.tailLength)
        guard let head = try? Files.read(tap, from: 0, limit: Int(min(offset, Int64(Self.headLength)))),
            let tail = try? Files.read(tap, from: begin, limit: Int(offset - begin))
        else { return nil }
        self.init(head: head, tail: tail)
    }
}
