internal import Core
internal import ProcessKit
public import SystemPackage

extension GitRepository {
    /// The main checkout first, then the linked ones in the order of their names.
    ///
    /// Entries are read from git's own files, as libgit2 leaves out broken ones and git prunes behind their
    /// back; commits of branches come from libgit2, else git. A half-made entry is left out here and shown by
    /// `leftovers()`.
    public func worktrees() async throws(GitError) -> [WorktreeSnapshot] {
        let heads = Dictionary(
            try await references(below: "refs/heads/").map { ($0.name, $0.id) }, uniquingKeysWith: { $1 })
        var found: [WorktreeSnapshot] = []
        if let main = layout.mainWorktree {
            let head = Files.line(layout.commonDirectory.appending("HEAD"))
            found.append(
                WorktreeSnapshot(
                    name: nil, path: main, head: Self.head(head, heads), lockReason: nil, isPrunable: false))
        }
        for entry in EntryFiles.all(common: layout.commonDirectory) where !entry.isBroken {
            guard let path = entry.worktree else { continue }
            found.append(
                WorktreeSnapshot(
                    name: entry.name, path: path, head: Self.head(entry.head, heads),
                    lockReason: entry.lockReason, isPrunable: entry.isMissing && entry.lockReason == nil))
        }
        return found
    }

    private static func head(_ text: String?, _ heads: [String: CommitID]) -> Head? {
        guard let text else { return nil }
        guard text.hasPrefix("ref: ") else { return CommitID(text).map { .detached($0) } }
        let reference = String(text.dropFirst(5))
        guard reference.hasPrefix("refs/heads/") else { return nil }
        let short = String(reference.dropFirst(11))
        guard let commit = heads[reference] else { return .unborn(branch: short) }
        return (try? BranchName(short)).map { .branch($0, commit) }
    }

    /// How many files of the checkout at `worktree` differ from its commit; nil after `limit` (git).
    ///
    /// Takes no lock, so an agent's own git commands are not disturbed. Calls for several worktrees overlap.
    public func status(of worktree: FilePath, within limit: Duration = .seconds(60)) async throws(GitError)
        -> WorkingTreeStatus?
    {
        let details: StatusDetails
        do throws(GitError) {
            details = try await statusDetails(of: worktree, ignored: false, timeout: limit)
        } catch {
            if case .commandTimedOut = error { return nil }
            throw error
        }
        return details.counts
    }

    /// With `everyFile`, an untracked path that ends with `/` is a repository inside the tree.
    func statusDetails(
        of worktree: FilePath, ignored: Bool, everyFile: Bool = false, timeout: Duration = .seconds(60)
    ) async throws(GitError) -> StatusDetails {
        var arguments = [
            "status", "--porcelain=v2", "-z", "--no-renames",
            "--untracked-files=\(everyFile ? "all" : "normal")",
        ]
        // What the user set to be passed over must not be lost without a word.
        if ignored { arguments.append("--ignore-submodules=none") }
        // An ignored folder is one line, however much is in it.
        if ignored { arguments.append("--ignored=\(everyFile ? "matching" : "traditional")") }
        let result = try await git.output(arguments, in: worktree, timeout: timeout)
        return StatusDetails(result.fields)
    }

    /// The git folder of the checkout at `worktree`: the entry's for a linked one.
    func gitDirectory(of worktree: FilePath) throws(GitError) -> FilePath {
        let real = Files.real(worktree)
        if real == layout.mainWorktree { return layout.commonDirectory }
        guard let entry = entry(at: real) else { throw .worktreeNotFound(worktree.string) }
        return entry.folder
    }

    /// The entry whose checkout is at `folder` (a real path).
    func entry(at folder: FilePath) -> EntryFiles? {
        EntryFiles.all(common: layout.commonDirectory).first { entry in
            entry.worktree.map { $0 == folder || Files.real($0) == folder } ?? false
        }
    }
}
