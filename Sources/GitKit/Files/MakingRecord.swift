internal import Core
internal import SystemPackage

/// What a worktree in the making consists of, written down before its first part is made.
///
/// Kept at `<common>/tmux-agent/making/<entry>` and removed after the last step. It is written and removed
/// only under the repository's lock, so whoever holds the lock and finds one knows that its maker was killed.
struct MakingRecord {
    var branch: BranchName
    var commit: CommitID
    var createdBranch: Bool
    var trackedRemote: String?
    var entry: String
    var folder: FilePath
    var createdParents: [FilePath]

    static func folder(_ layout: RepositoryLayout) -> FilePath { layout.ownFolder.appending("making") }

    func path(_ layout: RepositoryLayout) -> FilePath { Self.folder(layout).appending(entry) }

    func save(_ layout: RepositoryLayout) throws(GitError) {
        _ = try Files.makeFolders(Self.folder(layout), mode: 0o700)
        let fields =
            ["1", branch.rawValue, commit.rawValue, createdBranch ? "new" : "old", trackedRemote ?? ""]
            + [entry, folder.string] + createdParents.map(\.string)
        try Files.write(fields.joined(separator: "\0"), to: path(layout))
    }

    func remove(_ layout: RepositoryLayout) throws(GitError) { try Files.removeFile(path(layout)) }

    static func all(_ layout: RepositoryLayout) -> [MakingRecord] {
        Files.names(in: folder(layout)).filter { !$0.contains(".") }.compactMap { name in
            guard let text = Files.text(folder(layout).appending(name)) else { return nil }
            return MakingRecord(text)
        }
    }

    /// Names of drafts whose writer was killed before it could rename them; entries' names hold no dot.
    static func drafts(_ layout: RepositoryLayout) -> [String] {
        Files.names(in: folder(layout)).filter { $0.contains(".") }
    }

    static func removeDrafts(_ layout: RepositoryLayout) throws(GitError) {
        for name in drafts(layout) { try Files.removeFile(folder(layout).appending(name)) }
    }

    /// Nil for anything but a whole record of this version.
    private init?(_ text: String) {
        let fields = text.split(separator: "\0", omittingEmptySubsequences: false).map(String.init)
        guard fields.count >= 7, fields[0] == "1", let branch = try? BranchName(fields[1]),
            let commit = CommitID(fields[2])
        else { return nil }
        self.init(
            branch: branch, commit: commit, createdBranch: fields[3] == "new",
            trackedRemote: fields[4].isEmpty ? nil : fields[4], entry: fields[5],
            folder: FilePath(fields[6]), createdParents: fields[7...].map { FilePath($0) })
    }

    init(
        branch: BranchName, commit: CommitID, createdBranch: Bool, trackedRemote: String?, entry: String,
        folder: FilePath, createdParents: [FilePath]
    ) {
        self.branch = branch
        self.commit = commit
        self.createdBranch = createdBranch
        self.trackedRemote = trackedRemote
        self.entry = entry
        self.folder = folder
        self.createdParents = createdParents
    }

    var addition: WorktreeAddition {
        WorktreeAddition(
            branch: branch, commit: commit, createdBranch: createdBranch, trackedRemote: trackedRemote,
            entry: entry, folder: folder, createdParents: createdParents)
    }

    init(_ addition: WorktreeAddition) {
        self.init(
            branch: addition.branch, commit: addition.commit, createdBranch: addition.createdBranch,
            trackedRemote: addition.trackedRemote, entry: addition.entry, folder: addition.folder,
            createdParents: addition.createdParents)
    }
}
