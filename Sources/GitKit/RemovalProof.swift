public import Core
public import SystemPackage

/// What would be lost if a worktree and its branch were removed now.
public struct RemovalProof: Sendable, Equatable {
    public enum Operation: String, Sendable {
        case merge
        case rebase
        case cherryPick = "cherry-pick"
        case revert
        case bisect
        case applyingPatches = "am"
    }

    public enum Loss: Sendable, Equatable {
        /// Paths with staged or unstaged changes.
        case uncommitted([String])
        case untracked([String])
        case conflicted([String])
        /// Commits that are neither in the base nor on a remote.
        case commits([CommitSummary], total: Int)
        /// Stash entries made on the branch; they survive, but their branch does not.
        case stashes([String])
        case locked(reason: String)
        case inProgress(Operation)
        /// Submodules with changes of their own.
        case submodules([String])
    }

    public let worktree: FilePath
    public let branch: BranchName?
    /// The branch's commit at the time of the proof: hand it to `deleteBranch(_:expecting:)`.
    public let commit: CommitID?
    public let losses: [Loss]
    /// Ignored files and folders (with a closing `/`): named for the person, not a reason to refuse.
    public let ignored: [String]

    public init(worktree: FilePath, branch: BranchName?, commit: CommitID?, losses: [Loss], ignored: [String])
    {
        self.worktree = worktree
        self.branch = branch
        self.commit = commit
        self.losses = losses
        self.ignored = ignored
    }

    public var isSafe: Bool { losses.isEmpty }
}

/// A commit that keeps a working tree as it was.
public struct Rescue: Sendable, Equatable {
    /// `refs/tmux-agent/rescue/<slug>/<time>`.
    public let reference: String
    public let commit: CommitID
    /// Ignored files and folders, which are not in the commit.
    public let ignoredNotKept: [String]

    public init(reference: String, commit: CommitID, ignoredNotKept: [String]) {
        self.reference = reference
        self.commit = commit
        self.ignoredNotKept = ignoredNotKept
    }
}

/// Options of `diff`.
public struct DiffOptions: Sendable, Equatable {
    public enum Scope: Sendable, Equatable {
        /// The working tree against the commit where it left `base`.
        case sinceBase
        /// The working tree against its own commit.
        case uncommitted
        /// Committed work only, from where it left `base`.
        case committed
    }
    public var scope: Scope
    public var isColored: Bool
    public var contextLines: Int
    /// Limits the diff to these paths (names as they are, no patterns).
    public var paths: [String]

    public init(
        scope: Scope = .sinceBase, isColored: Bool = false, contextLines: Int = 3, paths: [String] = []
    ) {
        self.scope = scope
        self.isColored = isColored
        self.contextLines = contextLines
        self.paths = paths
    }
}

public struct DiffStat: Sendable, Equatable {
    public var files = 0
    public var insertions = 0
    public var deletions = 0

    public init() {}
}
