public import Core
public import ProcessKit
public import SystemPackage

/// What can go wrong in a repository.
public enum GitError: Error, Equatable {
    case tooOld(found: String)
    case notARepository(FilePath)
    /// The repository belongs to another user and git was not told to trust it.
    case foreignOwner(FilePath)
    /// Neither libgit2 nor git can use the repository.
    case unusableRepository(FilePath, reason: String)
    case noWorkingTree(FilePath)
    case noCommits(branch: String)
    case revisionNotFound(String)
    case branchNotFound(BranchName)
    case branchExists(BranchName)
    case branchConflict(BranchName, with: BranchName)
    case branchCaseTwin(BranchName, of: BranchName)
    case branchCheckedOut(BranchName, at: FilePath)
    case branchOnSeveralRemotes(BranchName, remotes: [String])
    /// `origin/feature` is no name for a branch here.
    case branchOfRemote(BranchName, BranchLookup.RemoteName?)
    case branchMoved(BranchName, expected: CommitID, found: CommitID?)
    case pathExists(FilePath)
    case pathOutside(FilePath, root: FilePath)
    case worktreeNotFound(String)
    case worktreeNameTaken(String)
    case worktreeLocked(FilePath, reason: String)
    /// A killed command left something that is still being written or that a person has worked in.
    case leftoverInUse(FilePath, reason: String)
    case lockTimeout(FilePath, holder: Int32?)
    case commandFailed(command: String, status: Int32, errorText: String)
    case commandTimedOut(command: String, after: Duration)
    case library(operation: String, code: Int32, text: String)
    case fileSystem(operation: String, FilePath, Errno)
    case process(ProcessError)
    /// Undoing after a failure did not come to its end; `leftovers` stay and `doctor` names them.
    case undoIncomplete(after: String, leftovers: [String])
}

extension GitError: UserFacingError {
    public var code: String {
        switch self {
        case .tooOld: "git_too_old"
        case .notARepository: "not_a_repository"
        case .foreignOwner: "repository_owner"
        case .unusableRepository: "repository_unusable"
        case .noWorkingTree: "no_working_tree"
        case .noCommits: "no_commits"
        case .revisionNotFound: "revision_not_found"
        case .branchNotFound: "branch_not_found"
        case .branchExists: "branch_exists"
        case .branchConflict: "branch_conflict"
        case .branchCaseTwin: "branch_case_twin"
        case .branchCheckedOut: "branch_checked_out"
        case .branchOnSeveralRemotes: "branch_ambiguous"
        case .branchOfRemote: "branch_of_remote"
        case .branchMoved: "branch_moved"
        case .pathExists: "path_exists"
        case .pathOutside: "path_outside"
        case .worktreeNotFound: "worktree_not_found"
        case .worktreeNameTaken: "worktree_name_taken"
        case .worktreeLocked: "worktree_locked"
        case .leftoverInUse: "leftover_in_use"
        case .lockTimeout: "repository_busy"
        case .commandFailed: "git_failed"
        case .commandTimedOut: "git_timed_out"
        case .library: "libgit2_failed"
        case .fileSystem: "file_system"
        case .process(let error): error.code
        case .undoIncomplete: "undo_incomplete"
        }
    }

    public var exitStatus: ExitStatus {
        switch self {
        case .process(let error): error.exitStatus
        case .tooOld: .unavailable
        default: .notAchieved
        }
    }

    public var cause: (any Error)? {
        if case .process(let error) = self { return error }
        return nil
    }
}
