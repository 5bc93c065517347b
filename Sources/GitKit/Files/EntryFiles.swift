internal import Core
internal import SystemPackage

/// One folder below `<common>/worktrees`, read as gitrepository-layout(5) describes it.
///
/// libgit2 hides entries that are half made; `doctor` needs to see them.
struct EntryFiles {
    let name: String
    /// The entry's own folder.
    let path: String
    /// The checkout that it belongs to; nil when the entry is half made.
    let worktree: FilePath?
    let head: String?
    /// Nil when it is not locked.
    let lockReason: String?

    var folder: FilePath { FilePath(path) }

    init(_ name: String, common: FilePath) {
        self.name = name
        path = "\(common)/worktrees/\(name)"
        worktree = Files.line("\(path)/gitdir").flatMap { [path] link in
            let suffix = "/.git"
            if link.hasPrefix("/"), link.hasSuffix(suffix) {
                return FilePath(String(link.dropLast(suffix.count)))
            }
            if link.isEmpty { return nil }
            // Newer versions of git can store it relative to the entry.
            return FilePath(path).pushing(FilePath(link)).normalized.removingLastComponent()
        }
        head = Files.line("\(path)/HEAD")
        lockReason = Files.line("\(path)/locked")
    }

    static func all(common: FilePath) -> [EntryFiles] {
        Files.names(in: common.appending("worktrees")).map { EntryFiles($0, common: common) }
    }

    var isBroken: Bool { worktree == nil || head == nil || !Files.exists("\(path)/commondir") }

    /// The checkout's own `.git` file is gone.
    var isMissing: Bool { worktree.map { !Files.exists("\($0.string)/.git") } ?? true }

    /// The tree was filled: the index is the last thing that git writes.
    ///
    /// libgit2 writes an index without entries first, which counts as none.
    var isFilled: Bool { Self.indexEntries(of: path) > 0 }

    /// The number of entries that the header of the index gives; zero without an index.
    static func indexEntries(of gitDirectory: String) -> Int {
        let path = FilePath(gitDirectory).appending("index")
        guard let file = try? FileDescriptor.open(path, .readOnly, options: [.closeOnExec]) else { return 0 }
        defer { try? file.close() }  // only read
        var header = [UInt8](repeating: 0, count: 12)
        let got = unsafe header.withUnsafeMutableBytes { unsafe try? file.read(into: $0) }
        guard got == 12 else { return 0 }
        return header[8...].reduce(0) { $0 << 8 | Int($1) }
    }

    /// The branches that this checkout keeps for itself: HEAD's, and those of a rebase or bisect in progress.
    static func branchesInUse(gitDirectory: String) -> [String] {
        var names: [String] = []
        if let head = Files.line("\(gitDirectory)/HEAD"), head.hasPrefix("ref: refs/heads/") {
            names.append(String(head.dropFirst("ref: refs/heads/".count)))
        }
        for place in ["rebase-merge/head-name", "rebase-apply/head-name"] {
            if let name = Files.line("\(gitDirectory)/\(place)"), name.hasPrefix("refs/heads/") {
                names.append(String(name.dropFirst("refs/heads/".count)))
            }
        }
        if let name = Files.line("\(gitDirectory)/BISECT_START"), !name.isEmpty { names.append(name) }
        return names
    }

    /// What is in progress in the checkout with this git folder.
    static func operation(in gitDirectory: FilePath) -> RemovalProof.Operation? {
        func has(_ name: String) -> Bool { Files.exists(gitDirectory.pushing(FilePath(name))) }
        if has("rebase-merge") { return .rebase }
        if has("rebase-apply/applying") { return .applyingPatches }
        if has("rebase-apply") { return .rebase }
        if has("MERGE_HEAD") { return .merge }
        if has("CHERRY_PICK_HEAD") { return .cherryPick }
        if has("REVERT_HEAD") { return .revert }
        if has("BISECT_LOG") { return .bisect }
        return nil
    }
}
