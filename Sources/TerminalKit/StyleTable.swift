internal import Core

/// The different styles on a screen; number 0 is plain.
struct StyleTable {
    private(set) var all = [TerminalStyle.plain]
    private var numbers: [TerminalStyle: UInt16] = [.plain: 0]
    private var limit = Self.most
    /// Styles that were asked for since there was no room.
    private var refused = 0

    static let most = 8192

    /// True when it may be worth looking which styles are still in use; not so often that it costs.
    var isDue: Bool { all.count >= limit || refused >= Self.most }

    subscript(index: UInt16) -> TerminalStyle { Int(index) < all.count ? all[Int(index)] : .plain }

    mutating func index(of style: TerminalStyle) -> UInt16 {
        if let index = numbers[style] { return index }
        // A screen with more styles at once than fit shows the rest plainly.
        guard all.count < Int(UInt16.max) else {
            refused += 1
            return 0
        }
        let index = UInt16(all.count)
        all.append(style)
        numbers[style] = index
        return index
    }

    /// Only those in use are left.
    mutating func wasCompacted() {
        let next = max(Self.most, 2 * all.count)
        limit = next > Int(UInt16.max) ? Int.max : next
        refused = 0
    }
}
