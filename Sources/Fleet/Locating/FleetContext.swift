public import Config
public import Core
public import GitKit
internal import Glibc
internal import ProcessKit
public import Store
public import SystemPackage
public import TmuxKit

/// One fleet, opened: its repository, settings and database.
///
/// Every use case starts from it.
public struct FleetContext: Sendable {
    public let surroundings: Surroundings
    public let places: Places
    public let repository: GitRepository
    /// The main checkout, or the folder of a bare repository; `.tmuxagent/` lies in it.
    public let root: FilePath
    public let id: FleetID
    public let configuration: FleetConfiguration
    public let warnings: [ConfigurationProblem]
    /// False when `.tmuxagent/` came with a clone and nobody agreed to it: then nothing named in it may run.
    public let isTrusted: Bool
    public let store: FleetStore
    /// How screens are read: the built-in rules and those of `.tmuxagent/detect/`.
    public let detection: DetectionCatalog

    public var folder: FilePath { root.appending(".tmuxagent") }
    public var logs: FilePath { folder.appending("logs") }
    /// The fleet's own folder below `run/`: locks, the daemon's log, the files of shell actions.
    public var run: FilePath { places.run.appending(id.rawValue) }
    /// Git hooks append a line here, the daemon reads on from its offset.
    public var hookFile: FilePath { repository.layout.ownFolder.appending("hooks") }

    /// Agents' own hooks append a line here.
    public var agentHookFile: FilePath { repository.layout.ownFolder.appending(AgentHookWriter.fileName) }

    /// Every dialog that the fleet's policy can name; nil when no rules can be read, which whoever reads screens says.
    public var dialogIDs: [String]? { try? detection.library().dialogIDs }

    public static let folderName = ".tmuxagent"
}

extension FleetContext {
    /// Opens the fleet that the surroundings' folder belongs to.
    ///
    /// Inside a worktree that is the main repository's fleet. Throws ``FleetError/notAFleet(root:)`` without fleet.toml,
    /// ``ConfigurationError`` with every problem of a broken one.
    public static func open(
        _ surroundings: Surroundings, role: Store.Role = .command,
        adjusting adjust: @Sendable (inout FleetConfiguration) -> Void = { _ in }
    ) async throws -> FleetContext {
        let places = Places(surroundings)
        // The database opens while git and the settings are read; where there is none, none is made for a refusal.
        async let early =
            Files.exists(places.stateDatabase)
            ? Store.open(path: places.stateDatabase, role: role, now: surroundings.now()) : nil
        let found = try await openRepository(surroundings)
        let root = found.layout.fleetRoot
        // Inside an agent's worktree everything is asked from the main checkout's point of view.
        let repository =
            found.layout.topLevel == root
            ? found : try await GitRepository.open(at: root, environment: surroundings.environment)
        let read: Decoded<FleetConfiguration>
        do {
            read = try FleetFile.load(repository: root, places: places)
        } catch ConfigurationError.notFound {
            throw FleetError.notAFleet(root: root)
        }
        let id = try await fleetID(of: repository, surroundings)
        let standard =
            try await early ?? Store.open(path: places.stateDatabase, role: role, now: surroundings.now())
        let standing = try await standard.fleet(id).standing(at: root)
        let isTrusted = standing.isTrusted
        var configuration = isTrusted ? read.value : read.value.untrusted(places: places)
        // What a command line says over fleet.toml.
        adjust(&configuration)
        let isStandard = configuration.stateDatabase == places.stateDatabase
        let store =
            isStandard
            ? standard
            : try Store.open(path: configuration.stateDatabase, role: role, now: surroundings.now())
        let records = store.fleet(id)
        let known = isStandard ? standing.registration : try await records.registration()
        let registration = FleetRegistration(id: id, name: configuration.name, path: root)
        if known != registration {
            try await records.register(registration, at: surroundings.now())
        }
        return FleetContext(
            surroundings: surroundings, places: places, repository: repository, root: root, id: id,
            configuration: configuration, warnings: read.warnings, isTrusted: isTrusted, store: records,
            detection: DetectionCatalog(root: root))
    }

    /// This fleet with fleet.toml as it is now; its database stays the one that is open.
    ///
    /// Throws ``ConfigurationError`` with every problem of a broken file.
    public func reread() throws(ConfigurationError) -> FleetContext {
        let read = try FleetFile.load(repository: root, places: places)
        var configuration = isTrusted ? read.value : read.value.untrusted(places: places)
        configuration.stateDatabase = self.configuration.stateDatabase
        return FleetContext(
            surroundings: surroundings, places: places, repository: repository, root: root, id: id,
            configuration: configuration, warnings: read.warnings, isTrusted: isTrusted, store: store,
            detection: detection)
    }

    /// The id in the git folder; a copy of a repository, or one that was moved, becomes a fleet of its own.
    ///
    /// Two copies under one id would end each other's agents.
    static func fleetID(of repository: GitRepository, _ surroundings: Surroundings) async throws -> FleetID {
        switch try await repository.readOrCreateFleetID(make: { FleetID(surroundings.ids.make("fleet")) }) {
        case .own(let id): return id
        case .foreign:
            let id = FleetID(surroundings.ids.make("fleet"))
            try await repository.replaceFleetID(with: id)
            return id
        }
    }

    /// The built-in templates and those of the fleet's folder.
    public func templates() throws -> TemplateLibrary {
        let folder = configuration.templatesFolder
        var shown = folder
        _ = shown.removePrefix(root)
        return try TemplateLibrary.load(folder: folder, shownAs: shown.string)
    }

    /// The repository around the surroundings' folder, or around the agent's fleet when that is none.
    static func openRepository(_ surroundings: Surroundings) async throws -> GitRepository {
        do {
            return try await GitRepository.open(
                at: surroundings.workingDirectory, environment: surroundings.environment)
        } catch GitError.notARepository(let folder) {
            guard let fleet = surroundings.environment["TMUX_AGENT_FLEET"], !fleet.isEmpty else {
                throw GitError.notARepository(folder)
            }
            return try await GitRepository.open(at: FilePath(fleet), environment: surroundings.environment)
        }
    }

    /// Throws ``FleetError/untrusted(root:)`` unless a person agreed to what `.tmuxagent/` may run.
    public func requireTrust() throws {
        guard isTrusted else { throw FleetError.untrusted(root: root) }
    }

    /// The tmux server that new agents are born on.
    public func tmux() throws -> Tmux {
        let address = try TmuxServerAddress.named(
            configuration.tmux.socket ?? "", environment: surroundings.environment, userID: getuid())
        return Tmux(
            address: address, binary: configuration.tmux.program, environment: surroundings.environment)
    }

    /// The tmux server that an agent was born on, wherever new ones go now.
    public func tmux(of pane: RecordedPane) throws -> Tmux {
        Tmux(
            address: try TmuxServerAddress(path: FilePath(pane.server.socket)),
            binary: configuration.tmux.program, environment: surroundings.environment)
    }

    /// The lock that spawning, restarting and removing one branch's agent take.
    func agentLock(branch: String) throws -> FileLock {
        let locks = run.appending("agents")
        try Files.makeFolder(locks, mode: 0o700)
        // Two branches can have one slug, but not one lock.
        let name = try "\(Slug(BranchName(branch))).\(Slug.hash(branch)).lock"
        guard let lock = try FileLock.tryAcquire(locks.appending(name)) else {
            throw FleetError.agentBusy(branch: branch)
        }
        return lock
    }

    /// True while a daemon watches this fleet.
    public func isWatched() throws -> Bool {
        try DaemonLock.holder(role: .watch, run: run) != nil
    }

    /// True while a process runs this fleet's tasks.
    public func isOrchestrated() throws -> Bool {
        try DaemonLock.holder(role: .orchestrate, run: run) != nil
    }
}

extension RepositoryLayout {
    /// Where `.tmuxagent/` lies.
    public var fleetRoot: FilePath { mainWorktree ?? commonDirectory }
}

extension Places {
    public init(_ surroundings: Surroundings) {
        self.init(
            userHome: surroundings.home, tmuxAgentHome: surroundings.environment["TMUX_AGENT_HOME"])
    }
}
