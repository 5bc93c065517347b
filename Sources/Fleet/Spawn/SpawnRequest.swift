internal import Core
public import Store

/// What `spawn` is asked for.
public struct SpawnRequest: Sendable, Equatable {
    public var branch: String
    public var template: String?
    public var task: String?
    /// A profile of fleet.toml; nil: the template's, else the default one.
    public var profile: String?
    public var model: String?
    /// Replaces the profile's command.
    public var startup: String?
    /// Where a new branch starts.
    public var base: String?
    public var usesMainCheckout: Bool
    /// A person agrees to the setup commands of fleet.toml and the template.
    public var agreesToSetup: Bool

    public init(
        branch: String, template: String? = nil, task: String? = nil, profile: String? = nil,
        model: String? = nil,
        startup: String? = nil, base: String? = nil, usesMainCheckout: Bool = false,
        agreesToSetup: Bool = false
    ) {
        self.branch = branch
        self.template = template
        self.task = task
        self.profile = profile
        self.model = model
        self.startup = startup
        self.base = base
        self.usesMainCheckout = usesMainCheckout
        self.agreesToSetup = agreesToSetup
    }
}

/// What `spawn` did.
public struct SpawnResult: Sendable {
    public enum Outcome: String, Sendable {
        case started, restarted
        /// It lives: nothing was changed.
        case alreadyRunning = "already_running"
    }

    public var outcome: Outcome
    public var agent: Agent
    /// How far the briefing got; nil when there was nothing to say.
    public var briefing: SendReceipt?
    public var madeBranch: Bool
    public var copied: [String]
    public var linked: [String]
    public var warnings: [String]
    public var isWatched: Bool
}

/// What spawn is about to do, for a person who watches.
public enum SpawnStep: Sendable, Equatable {
    case branch(String, isNew: Bool)
    case worktree(String)
    /// A process of a spawn that was killed still works in the worktree.
    case waitingForProcess(Int32)
    case setup(command: String)
    case session(String)
    case waitingUntilReady
    case briefing
}
