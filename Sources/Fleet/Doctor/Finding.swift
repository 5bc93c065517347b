internal import Core

/// A difference between what the fleet wrote down and what is there, with what would be done about it.
public struct Finding: Sendable {
    /// A stable word for JSON; never renamed.
    public enum Kind: String, Sendable, CaseIterable {
        case settings
        case policy
        case untrusted
        case copiedRepository = "copied_repository"
        case gitVersion = "git_version"
        case tmuxVersion = "tmux_version"
        case tmuxUnreachable = "tmux_unreachable"
        case killedSpawn = "killed_spawn"
        case killedRemoval = "killed_removal"
        case worktreeMissing = "worktree_missing"
        case entryMissing = "entry_missing"
        case branchMissing = "branch_missing"
        case otherBranch = "other_branch"
        case stateWrong = "state_wrong"
        case paneMoved = "pane_moved"
        case tapDead = "tap_dead"
        case strayPane = "stray_pane"
        case strayWorktree = "stray_worktree"
        case staleEntry = "stale_entry"
        case halfMadeWorktree = "half_made_worktree"
        case removedFolder = "removed_folder"
        case unknownFolder = "unknown_folder"
        case deadDaemon = "dead_daemon"
        case orphanedProcess = "orphaned_process"
        case expiredLog = "expired_log"
    }

    public var kind: Kind
    /// What it is about: a branch, a path, a pane, a process.
    public var object: String
    /// What is wrong, in one sentence.
    public var problem: String
    /// What `--fix` does, or what a person can do when it cannot be done safely.
    public var remedy: String
    let fix: (@Sendable () async throws -> Void)?

    public var isFixable: Bool { fix != nil }

    init(
        _ kind: Kind, _ object: String, _ problem: String, remedy: String,
        fix: (@Sendable () async throws -> Void)? = nil
    ) {
        self.kind = kind
        self.object = object
        self.problem = problem
        self.remedy = remedy
        self.fix = fix
    }
}

/// What `doctor` found and did.
public struct DoctorReport: Sendable {
    public struct Failure: Sendable {
        public var finding: Finding
        public var reason: String
    }

    public var fixed: [Finding] = []
    public var failed: [Failure] = []
    /// What is still there, what could not be fixed included.
    public var remaining: [Finding] = []
    public var tmuxVersion: String?
    public var gitVersion: String?
    /// The agents that were compared; nil when the settings cannot be read.
    public var agents: Int?
    /// What was left out because a command works on it right now.
    public var busy: [String] = []
    /// Empty when the settings cannot be read.
    public var disk: [DiskUse] = []

    public var isWell: Bool { remaining.isEmpty }
}
