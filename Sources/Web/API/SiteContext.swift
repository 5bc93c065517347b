internal import Config
public import Core
public import Fleet
internal import ProcessKit
public import Store
internal import SystemPackage

/// Whose facts the pages show: a fleet's, or those of the panes that `run` watches by a hosts.yaml.
public struct SiteContext: Sendable {
    /// Nil for panes.
    public let fleet: FleetContext?
    /// Nil for a fleet.
    public let panes: PaneRecords?
    public let store: FleetStore
    public let surroundings: Surroundings
    public let places: Places
    let bus: FilePath
    public let dashboard: DashboardSettings
    public let portal: PortalSettings

    public init(_ fleet: FleetContext) {
        self.fleet = fleet
        panes = nil
        store = fleet.store
        surroundings = fleet.surroundings
        places = fleet.places
        bus = fleet.configuration.watch.bus
        dashboard = fleet.configuration.dashboard
        portal = fleet.configuration.portal
    }

    /// Throws ``PaneRecordsError/neverRun(file:)`` when `run` has kept nothing for this file yet.
    public init(_ panes: PaneRecords, _ surroundings: Surroundings) async throws {
        fleet = nil
        self.panes = panes
        store = try await panes.store(surroundings)
        self.surroundings = surroundings
        places = panes.places
        bus = panes.settings.bus
        dashboard = DashboardSettings()
        portal = PortalSettings()
    }

    var name: String { fleet?.configuration.name ?? panes?.registration.name ?? "" }
    /// Nothing in a hosts.yaml is run by pages, so there is nothing to agree to.
    var isTrusted: Bool { fleet?.isTrusted ?? true }
    /// What begins the watching, where nobody watches.
    var watchCommand: String {
        panes.map { "tmux-agent run --config \($0.file)" } ?? "tmux-agent up"
    }
    /// Where the bytes lie that panes printed.
    var taps: FilePath? { fleet?.logs ?? panes?.taps }

    func isWatched() throws -> Bool { try fleet?.isWatched() ?? panes?.isWatched() ?? false }
    func isOrchestrated() throws -> Bool { try fleet?.isOrchestrated() ?? false }

    func secret() throws -> [UInt8] { try Secret.find(surroundings, places) }

    func publicURL() throws -> String? {
        try fleet?.publicURL() ?? PublicURL.find(surroundings)
    }

    /// The file whose change means another policy.
    var policyFile: FilePath? { fleet?.configuration.watch.policy ?? panes?.policyInForce }

    /// Nil when there is none; throws ``ConfigurationError`` with every problem of a broken one.
    func policy() async throws -> Policy? {
        if let fleet { return try await fleet.policy() }
        guard let file = policyFile, let text = try Files.readText(file) else { return nil }
        return try PolicyFile.read(text, file: file.string, context: .init(isClassic: true)).policy
    }

    /// The panes that `run` watches; none in a fleet.
    func watchedPanes() throws -> [WatchedPane] {
        guard let panes else { return [] }
        return try .read(run: panes.run)
    }
}
