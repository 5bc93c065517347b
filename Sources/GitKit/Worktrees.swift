public import Core
public import SystemPackage

/// A checkout of the repository as it is now.
public struct WorktreeSnapshot: Sendable, Equatable {
    /// The entry's name under `<common>/worktrees`; nil for the main checkout.
    public let name: String?
    public let path: FilePath
    public let head: Head?
    /// Nil when it is not locked; empty when it is locked without a reason.
    public let lockReason: String?
    /// Its folder is gone and it is not locked.
    public let isPrunable: Bool

    public init(name: String?, path: FilePath, head: Head?, lockReason: String?, isPrunable: Bool) {
        self.name = name
        self.path = path
        self.head = head
        self.lockReason = lockReason
        self.isPrunable = isPrunable
    }

    public var isMain: Bool { name == nil }
    public var branch: BranchName? { head?.branch }
}

/// How many files of a working tree differ from its commit.
public struct WorkingTreeStatus: Sendable, Equatable {
    public var staged = 0
    public var changed = 0
    public var untracked = 0
    public var conflicted = 0
    /// Submodules with other commits, changes or untracked files; also counted as changed or staged.
    public var submodules = 0

    public init() {}
    public var isClean: Bool { staged + changed + untracked + conflicted == 0 }
}

/// Which commit a new worktree's branch stands for.
public enum BranchSource: Sendable, Equatable {
    /// The local branch, else the one remote branch of that name (followed), else a new one from `base`.
    case automatic(base: String?)
    /// A new branch from `base`, or from HEAD of the checkout we are in.
    case new(base: String?)
    case existing
    case tracking(remote: String)
}

/// A worktree to be made.
public struct WorktreeRequest: Sendable {
    public var branch: BranchName
    public var source: BranchSource
    /// Where it will be, as an absolute path.
    ///
    /// It must not exist; missing folders above it are made.
    public var folder: FilePath
    /// The entry's name in git; a number is appended when it is taken.
    public var name: Slug
    /// Time for filling the tree.
    public var timeout: Duration

    public init(
        branch: BranchName, source: BranchSource = .automatic(base: nil), folder: FilePath, name: Slug,
        timeout: Duration = .seconds(600)
    ) {
        self.branch = branch
        self.source = source
        self.folder = folder
        self.name = name
        self.timeout = timeout
    }
}

/// What `addWorktree` made, and so what `undo` takes away.
public struct WorktreeAddition: Sendable, Equatable {
    public let branch: BranchName
    public let commit: CommitID
    /// False when the branch was there before.
    public let createdBranch: Bool
    /// The remote that a created branch follows.
    public let trackedRemote: String?
    public let entry: String
    public let folder: FilePath
    /// Folders above `folder` that did not exist, outermost first.
    public let createdParents: [FilePath]
    /// The exit status of the post-checkout hook; nil when there is none.
    ///
    /// A failed hook undoes nothing, as with `git worktree add`.
    public var hookStatus: Int32?

    public init(
        branch: BranchName, commit: CommitID, createdBranch: Bool, trackedRemote: String?, entry: String,
        folder: FilePath, createdParents: [FilePath], hookStatus: Int32? = nil
    ) {
        self.branch = branch
        self.commit = commit
        self.createdBranch = createdBranch
        self.trackedRemote = trackedRemote
        self.entry = entry
        self.folder = folder
        self.createdParents = createdParents
        self.hookStatus = hookStatus
    }
}

/// What a command that was killed between two steps left behind.
public struct WorktreeLeftover: Sendable, Equatable {
    public enum Advice: Sendable, Equatable {
        /// Everything is there; only the record of the work is left.
        case finish
        /// Half made; nothing in it is a person's.
        case remove
        /// A process, perhaps the killed maker's own git, is still at work in it: look again when it has ended.
        case wait(pid: Int32)
        /// Somebody has worked in it: people decide.
        case keep(reason: String)
    }

    public let branch: BranchName?
    public let entry: String
    public let folder: FilePath?
    public let advice: Advice

    public init(branch: BranchName?, entry: String, folder: FilePath?, advice: Advice) {
        self.branch = branch
        self.entry = entry
        self.folder = folder
        self.advice = advice
    }
}
