internal import Core
internal import ProcessKit
public import SystemPackage

/// One git repository: its branches, worktrees and what would be lost by removing them.
///
/// Two roads lead to it. libgit2 answers questions about references and commits and makes worktree entries,
/// in microseconds to milliseconds; the git binary fills and judges working trees, so that filters, sparse
/// checkout, submodules and hooks behave as the user's git does. Where libgit2 cannot open the repository
/// (SHA-256, unknown extensions) or fails at a question, git answers it too. Each call says which road it
/// takes. Calls block the repository's own thread, never the caller's; those that run git overlap.
public actor GitRepository {
    private let executor = BlockingExecutor(label: "git")
    public nonisolated var unownedExecutor: UnownedSerialExecutor {
        unsafe executor.asUnownedSerialExecutor()
    }

    public nonisolated let layout: RepositoryLayout
    let git: GitBinary

    private init(layout: RepositoryLayout, git: GitBinary) {
        self.layout = layout
        self.git = git
    }

    /// Opens the repository that `folder` is in.
    ///
    /// libgit2 looks first, git when it cannot. `environment` is the whole environment of git's processes;
    /// variables that would lead to another repository are taken out. HOME in it decides about the user's
    /// settings for git; libgit2 reads them from the HOME of this process.
    public static func open(at folder: FilePath, environment: [String: String]) async throws(GitError)
        -> GitRepository
    {
        let git = GitBinary(environment: environment)
        let layout = try await LayoutReader(git: git).layout(at: folder)
        return GitRepository(layout: layout, git: git)
    }

    /// A folder in which git finds this checkout.
    var place: FilePath { layout.topLevel ?? layout.gitDirectory }

    /// Asks libgit2 where it can open the repository, and git where it cannot or where libgit2 fails.
    func ask<Value>(
        _ library: (borrowing OpenRepository) throws(GitError) -> Value?,
        git: () async throws(GitError) -> Value
    ) async throws(GitError) -> Value {
        if layout.engine == .libgit2 {
            do throws(GitError) {
                let repository = try OpenRepository(at: place, isExact: true)
                if let value = try library(repository) { return value }
            } catch {
                guard case .library = error else { throw error }
            }
        }
        return try await git()
    }
}
