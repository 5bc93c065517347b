/// Characters of more than one scalar that stand on a screen.
struct ClusterTable {
    private var all: [[UInt32]] = []
    private var numbers: [[UInt32]: UInt32] = [:]
    private var limit = 4096

    var isDue: Bool { all.count >= limit }

    subscript(index: UInt32) -> [UInt32] { Int(index) < all.count ? all[Int(index)] : [0xfffd] }

    mutating func index(of scalars: [UInt32]) -> UInt32 {
        if let index = numbers[scalars] { return index }
        let index = UInt32(all.count)
        all.append(scalars)
        numbers[scalars] = index
        return index
    }

    /// Only those in use are left, of which there are at most as many as cells.
    mutating func wasCompacted() { limit = max(4096, 2 * all.count) }
}
