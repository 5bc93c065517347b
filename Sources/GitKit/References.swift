public import Core
public import SystemPackage

/// A commit's full id: 40 or 64 hexadecimal digits in lower case.
public struct CommitID: Hashable, Sendable, CustomStringConvertible {
    public let rawValue: String

    public init?(_ text: some StringProtocol) {
        let digits = text.utf8.allSatisfy { byte in
            (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
                || (UInt8(ascii: "a")...UInt8(ascii: "f")).contains(byte)
        }
        guard digits, text.utf8.count == 40 || text.utf8.count == 64 else { return nil }
        rawValue = String(text)
    }

    public var description: String { rawValue }
    /// The first ten digits, for people.
    public var short: String { String(rawValue.prefix(10)) }
}

/// What a checkout's HEAD says.
public enum Head: Sendable, Equatable {
    /// The branch has no commit yet.
    case unborn(branch: String)
    case branch(BranchName, CommitID)
    case detached(CommitID)

    public var commit: CommitID? {
        switch self {
        case .unborn: nil
        case .branch(_, let id), .detached(let id): id
        }
    }

    public var branch: BranchName? {
        if case .branch(let name, _) = self { return name }
        return nil
    }
}

public struct LocalBranch: Sendable, Equatable {
    public let name: BranchName
    public let commit: CommitID

    public init(name: BranchName, commit: CommitID) {
        self.name = name
        self.commit = commit
    }
}

/// A branch of a remote as it was when last fetched.
public struct RemoteBranch: Sendable, Equatable {
    public let remote: String
    /// `refs/remotes/origin/login`, as the remote's refspec says.
    public let trackingReference: String
    public let commit: CommitID

    public init(remote: String, trackingReference: String, commit: CommitID) {
        self.remote = remote
        self.trackingReference = trackingReference
        self.commit = commit
    }
}

/// Where a branch name was found, and what stands against a new worktree on it.
public struct BranchLookup: Sendable, Equatable {
    public enum Place: Sendable, Equatable {
        case local(CommitID)
        /// On one remote or more, not here.
        case remoteTracking([RemoteBranch])
        case absent
    }

    public enum Obstacle: Sendable, Equatable {
        /// `a` and `a/b` cannot both exist.
        case conflict(with: BranchName)
        /// Differs only in capitals, on a file system that ignores them.
        case caseTwin(of: BranchName)
        /// Also while a rebase or bisect of it is in progress there.
        case checkedOut(at: FilePath)
        /// It names a remote's branch, as in `origin/feature`; nil when no remote is set up to fetch one to there.
        case remoteName(of: RemoteName?)
    }

    /// A branch as its remote knows it.
    public struct RemoteName: Sendable, Equatable {
        public let remote: String
        public let branch: String

        public init(remote: String, branch: String) {
            self.remote = remote
            self.branch = branch
        }
    }

    public let name: BranchName
    public let place: Place
    public let obstacles: [Obstacle]

    public init(name: BranchName, place: Place, obstacles: [Obstacle]) {
        self.name = name
        self.place = place
        self.obstacles = obstacles
    }

    /// The first obstacle as an error; nil when a worktree can be made.
    public var refusal: GitError? {
        switch obstacles.first {
        case .conflict(let other): .branchConflict(name, with: other)
        case .caseTwin(let other): .branchCaseTwin(name, of: other)
        case .checkedOut(let path): .branchCheckedOut(name, at: path)
        case .remoteName(let found): .branchOfRemote(name, found)
        case nil: nil
        }
    }
}

/// Commits on one side only.
public struct AheadBehind: Sendable, Equatable {
    public let ahead: Int
    public let behind: Int

    public init(ahead: Int, behind: Int) {
        self.ahead = ahead
        self.behind = behind
    }
}

public struct CommitSummary: Sendable, Equatable {
    public let id: CommitID
    public let author: String
    public let time: Timestamp
    public let subject: String

    public init(id: CommitID, author: String, time: Timestamp, subject: String) {
        self.id = id
        self.author = author
        self.time = time
        self.subject = subject
    }
}

/// One path that a commit or a working tree changed.
public struct FileChange: Sendable, Equatable {
    public enum Kind: String, Sendable {
        case added = "A"
        case deleted = "D"
        case modified = "M"
        case typeChanged = "T"
    }
    public let kind: Kind
    /// Relative to the top of the repository.
    public let path: String

    public init(kind: Kind, path: String) {
        self.kind = kind
        self.path = path
    }
}
