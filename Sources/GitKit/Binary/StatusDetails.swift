/// The records of `git status --porcelain=v2 -z`, sorted by what they mean.
struct StatusDetails {
    var counts = WorkingTreeStatus()
    var uncommitted: [String] = []
    var untracked: [String] = []
    var conflicted: [String] = []
    var ignored: [String] = []
    /// Submodules with changes of their own, which no commit of the outer repository can keep.
    var dirtySubmodules: [String] = []

    /// `fields` are the records, without renames (those would have a second field).
    init(_ fields: [String]) {
        for field in fields {
            let parts = field.split(separator: " ", maxSplits: 8, omittingEmptySubsequences: false).map(
                String.init)
            switch parts.first {
            case "1" where parts.count == 9: addChange(states: parts[1], submodule: parts[2], path: parts[8])
            case "u":
                // u <XY> <sub> <m1> <m2> <m3> <mW> <h1> <h2> <h3> <path>
                let all = field.split(separator: " ", maxSplits: 10, omittingEmptySubsequences: false)
                guard all.count == 11 else { continue }
                counts.conflicted += 1
                conflicted.append(String(all[10]))
            case "?":
                counts.untracked += 1
                untracked.append(String(field.dropFirst(2)))
            case "!": ignored.append(String(field.dropFirst(2)))
            default: continue
            }
        }
    }

    private mutating func addChange(states: String, submodule: String, path: String) {
        let states = Array(states.utf8)
        let none = UInt8(ascii: ".")
        if states.first != none { counts.staged += 1 }
        if states.last != none { counts.changed += 1 }
        if submodule.hasPrefix("S") {
            counts.submodules += 1
            // S<commit changed><tracked changes><untracked files>
            if submodule.hasSuffix("U") || submodule.dropLast().hasSuffix("M") {
                dirtySubmodules.append(path)
            }
        }
        uncommitted.append(path)
    }
}
