public import SystemPackage

/// What `.tmuxagent/fleet.toml` asks for; paths are absolute.
public struct FleetConfiguration: Sendable, Equatable {
    public var name: String
    /// The profile of `[agent]`.
    public var agent: AgentProfile = .standard
    /// `[agents.<name>]`, each merged over `agent`.
    public var profiles: [String: AgentProfile] = [:]
    public var templatesFolder: FilePath
    public var worktree: WorktreeSettings
    public var tmux = TmuxSettings()
    public var stateDatabase: FilePath
    /// How long what ended is remembered; nil means for ever.
    public var retention: Duration? = standardRetention
    public var watch: WatchSettings
    public var notify = NotifySettings()
    /// What the codes mean that a policy's `escalate:` names.
    public var escalations: [String: EscalationSettings] = [:]
    public var summary = SummarySettings()
    public var dashboard = DashboardSettings()
    public var portal = PortalSettings()
    public var git = GitSettings()

    public static let standardRetention = Duration.seconds(30 * 86_400)

    /// The configuration of an empty file.
    public init(name: String, repository: FilePath, places: Places) {
        self.name = name
        templatesFolder = repository.appending(".tmuxagent").appending("templates")
        worktree = WorktreeSettings(root: repository.appending(".tmuxagent").appending("worktrees"))
        stateDatabase = places.stateDatabase
        watch = WatchSettings(
            policy: repository.appending(".tmuxagent").appending("policy.yaml"),
            approvals: places.approvals, bus: places.bus)
    }

    /// The profile that `name` asks for: nil and `default` mean `agent`.
    public func profile(named name: String?) -> AgentProfile? {
        guard let name, name != "default" else { return profiles["default"] ?? agent }
        return profiles[name]
    }

    /// Without what a repository that nobody trusted yet must not choose: the tmux program, the database, and where
    /// secrets are read.
    public func untrusted(places: Places) -> FleetConfiguration {
        var copy = self
        copy.tmux.program = TmuxSettings().program
        copy.stateDatabase = places.stateDatabase
        copy.notify.environmentFile = nil
        return copy
    }
}

/// `[worktree]`: how worktrees are made and filled.
public struct WorktreeSettings: Sendable, Equatable {
    /// Inside the repository by its text; whoever creates it looks at symbolic links too.
    public var root: FilePath
    /// Where new branches start; nil means the current HEAD.
    public var base: String?
    /// Globs of ignored files to copy into a new worktree, relative to the repository.
    public var copy: [String] = [".env*"]
    /// Paths to link into a new worktree, relative to the repository.
    public var link: [String] = []
    /// Shell lines to run in a new worktree before the agent starts, after consent.
    public var setup: [String] = []

    public init(root: FilePath) { self.root = root }
}

/// `[tmux]`: which tmux server, and what windows look like.
public struct TmuxSettings: Sendable, Equatable {
    /// What session names begin with.
    public var prefix = "agent-"
    public var program = "tmux"
    /// The name for `-L`; nil means the user's own server.
    public var socket: String?
    public var columns = 200
    public var rows = 50

    public init() {}
}

/// `[watch]`: what is watched, and where requests and messages are kept.
public struct WatchSettings: Sendable, Equatable {
    public var policy: FilePath
    public var approvals: FilePath
    public var bus: FilePath
    /// Whether JSON lines and keyword lines without the marker's prefix count as signals.
    public var heuristics = false
    /// Bytes of a tap that stay on disk for each agent.
    public var tapLimit = 64 << 20

    public init(policy: FilePath, approvals: FilePath, bus: FilePath) {
        self.policy = policy
        self.approvals = approvals
        self.bus = bus
    }
}

/// `[git]`: what is written into the repository.
public struct GitSettings: Sendable, Equatable {
    /// Whether the end of a run writes a git note on its commit.
    public var notes = true

    public init() {}
}

/// `[summary]`: how an agent's text is summed up.
public struct SummarySettings: Sendable, Equatable {
    /// A shell line that reads an agent's text and prints a summary; nil means none.
    public var command: String?

    public init() {}
}

/// `[dashboard]`: where the dashboard listens, and who may see it.
public struct DashboardSettings: Sendable, Equatable {
    public enum Login: String, Sendable, CaseIterable {
        /// On loopback reading is free and changes need a login.
        case changes
        /// Reading needs a login too, for machines that people share.
        case always
    }

    public static let standardPort = 8702
    public var host = "127.0.0.1"
    public var port = Self.standardPort
    public var tokenFile: FilePath?
    /// What approval links begin with, without a slash at the end.
    public var publicURL: String?
    public var login = Login.changes

    public init() {}
}

/// `[portal]`: whether and where the phone console listens.
public struct PortalSettings: Sendable, Equatable {
    public static let standardPort = 8787
    public var isEnabled = false
    public var port = Self.standardPort

    public init() {}
}
