public import Core
public import SystemPackage

/// A member of a fleet as the database knows it: what was asked for, where it runs, what it does.
///
/// What git and tmux say now may differ; this is what was written down last.
public struct Agent: Sendable, Equatable, Identifiable {
    public let id: AgentID
    public var place: AgentPlace
    public var program: AgentProgram
    /// Nil before its first session was made.
    public var pane: RecordedPane?
    public var tap: FilePath?
    public var spawn: SpawnProgress
    public var condition: AgentCondition
    /// How often the agent was started; marker ids count once per start.
    public var generation: Int
    public var createdAt: Timestamp
    public var startedAt: Timestamp?
    /// Set once: from then on its branch is free for another agent.
    public var removedAt: Timestamp?

    public init(
        id: AgentID, place: AgentPlace, program: AgentProgram, pane: RecordedPane? = nil,
        tap: FilePath? = nil, spawn: SpawnProgress, condition: AgentCondition, generation: Int = 0,
        createdAt: Timestamp, startedAt: Timestamp? = nil, removedAt: Timestamp? = nil
    ) {
        self.id = id
        self.place = place
        self.program = program
        self.pane = pane
        self.tap = tap
        self.spawn = spawn
        self.condition = condition
        self.generation = generation
        self.createdAt = createdAt
        self.startedAt = startedAt
        self.removedAt = removedAt
    }

    public var subject: Subject { .agent(id) }
}

/// Branch, worktree and session of an agent.
public struct AgentPlace: Sendable, Equatable {
    public var branch: String
    public var worktree: FilePath
    public var session: SessionName
    /// The agent works in the repository's own working tree (`--no-worktree`).
    public var usesMainCheckout: Bool
    /// What was named as the branch's start, and the commit that it was then.
    public var base: String?
    public var baseCommit: String?

    public init(
        branch: String, worktree: FilePath, session: SessionName, usesMainCheckout: Bool = false,
        base: String? = nil, baseCommit: String? = nil
    ) {
        self.branch = branch
        self.worktree = worktree
        self.session = session
        self.usesMainCheckout = usesMainCheckout
        self.base = base
        self.baseCommit = baseCommit
    }
}

/// What runs in an agent's pane and what it was told; enough to start it again.
public struct AgentProgram: Sendable, Equatable {
    public var command: String
    /// `command` was given to `spawn` itself; else it is the profile's.
    public var hasOwnCommand: Bool
    public var profile: String
    /// Which detection rules read its screen.
    public var kind: String
    public var model: String?
    public var template: String?
    public var task: String?
    /// `PATH` of the first start; a restart uses it again.
    public var searchPath: String
    public var environment: [String: String]

    public init(
        command: String, hasOwnCommand: Bool = false, profile: String, kind: String, model: String? = nil,
        template: String? = nil, task: String? = nil, searchPath: String, environment: [String: String] = [:]
    ) {
        self.command = command
        self.hasOwnCommand = hasOwnCommand
        self.profile = profile
        self.kind = kind
        self.model = model
        self.template = template
        self.task = task
        self.searchPath = searchPath
        self.environment = environment
    }
}

/// A process that cannot be mistaken for a later one with the same number.
public struct RecordedProcess: Sendable, Hashable {
    public var pid: Int32
    /// Field 22 of `/proc/<pid>/stat`: clock ticks after boot.
    public var startTime: Int64

    public init(pid: Int32, startTime: Int64) {
        self.pid = pid
        self.startTime = startTime
    }
}

/// A pane on one life of a tmux server, with the process that tmux started in it.
public struct RecordedPane: Sendable, Hashable {
    public var server: TmuxServerID
    public var pane: PaneID
    public var process: RecordedProcess?

    public init(server: TmuxServerID, pane: PaneID, process: RecordedProcess? = nil) {
        self.server = server
        self.pane = pane
        self.process = process
    }
}

/// How far `spawn` came; with the spawning process a killed spawn is told from a running one.
public struct SpawnProgress: Sendable, Equatable {
    public enum Phase: String, Sendable, CaseIterable {
        /// The row is there, nothing else is.
        case planned
        case branch, worktree, setup, session, briefing
        /// All done; `spawner` is nil from here on.
        case ready
        /// `rm` began.
        case removing
    }

    public var phase: Phase
    /// Who works on it right now.
    public var spawner: RecordedProcess?
    /// What a roll-back may delete, because this spawn made it.
    public var madeBranch: Bool
    public var madeWorktree: Bool

    public init(
        phase: Phase, spawner: RecordedProcess? = nil, madeBranch: Bool = false, madeWorktree: Bool = false
    ) {
        self.phase = phase
        self.spawner = spawner
        self.madeBranch = madeBranch
        self.madeWorktree = madeWorktree
    }
}

/// What an agent was last seen doing, and since when.
public struct AgentCondition: Sendable, Equatable {
    public var state: AgentState
    /// Only while waiting.
    public var waitingFor: WaitingFor?
    /// Only when exited.
    public var exitStatus: Int32?
    public var since: Timestamp

    public init(
        _ state: AgentState, waitingFor: WaitingFor? = nil, exitStatus: Int32? = nil, since: Timestamp
    ) {
        self.state = state
        self.waitingFor = waitingFor
        self.exitStatus = exitStatus
        self.since = since
    }
}
