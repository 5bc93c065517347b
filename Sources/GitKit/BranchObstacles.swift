internal import Core

/// What branches that exist say against a new one.
enum BranchObstacles {
    static func find(for name: BranchName, among heads: [BranchName], ignoringCase: Bool)
        -> [BranchLookup.Obstacle]
    {
        var found: [BranchLookup.Obstacle] = []
        for other in heads {
            let ours = Array(name.rawValue.utf8)
            let theirs = Array(other.rawValue.utf8)
            if isFolder(ours, of: theirs) || isFolder(theirs, of: ours) {
                found.append(.conflict(with: other))
            } else if ignoringCase {
                let (a, b) = (name.rawValue.lowercased(), other.rawValue.lowercased())
                if a == b {
                    found.append(.caseTwin(of: other))
                } else if isFolder(Array(a.utf8), of: Array(b.utf8))
                    || isFolder(Array(b.utf8), of: Array(a.utf8))
                {
                    found.append(.conflict(with: other))
                }
            }
        }
        return found
    }

    /// True when `path` lies below the folder `folder`.
    private static func isFolder(_ folder: [UInt8], of path: [UInt8]) -> Bool {
        path.count > folder.count && path[folder.count] == UInt8(ascii: "/") && path.starts(with: folder)
    }
}

/// A fetch refspec such as `+refs/heads/*:refs/remotes/origin/*`.
struct Refspec {
    private let source: String
    private let target: String

    /// Nil for one that fetches without storing and for a negative one.
    init?(_ text: String) {
        var text = text[...]
        if text.hasPrefix("+") { text = text.dropFirst() }
        let parts = text.split(separator: ":", omittingEmptySubsequences: false)
        guard !text.hasPrefix("^"), parts.count == 2, !parts[1].isEmpty else { return nil }
        source = String(parts[0])
        target = String(parts[1])
    }

    /// Where the remote's `reference` is stored here; nil when this refspec does not fetch it.
    func destination(of reference: String) -> String? { Self.map(reference, from: source, to: target) }

    /// Which of the remote's references is stored here as `reference`; nil when this refspec does not store it.
    func source(of reference: String) -> String? { Self.map(reference, from: target, to: source) }

    private static func map(_ reference: String, from pattern: String, to other: String) -> String? {
        guard let star = pattern.firstIndex(of: "*") else { return pattern == reference ? other : nil }
        let before = pattern[..<star]
        let after = pattern[pattern.index(after: star)...]
        guard reference.hasPrefix(before), reference.hasSuffix(after),
            reference.utf8.count >= before.utf8.count + after.utf8.count
        else { return nil }
        let middle = reference.dropFirst(before.count).dropLast(after.count)
        guard let place = other.firstIndex(of: "*") else { return other }
        return "\(other[..<place])\(middle)\(other[other.index(after: place)...])"
    }
}
