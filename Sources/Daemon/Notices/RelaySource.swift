internal import Config
internal import Core
internal import Fleet
internal import ProcessKit
internal import Store
internal import SystemPackage
internal import TmuxKit

/// What a relay reads, and what it needs for sending: a fleet, or a classic hosts.yaml.
struct RelaySource: Sendable {
    var name: String
    var bus: FilePath
    var settings: NotifySettings
    /// Where the questions are that messages speak of.
    var approvals: FleetStore
    var store: Store
    var places: Places
    var publicURL: String?
    var tmux: Tmux?
    var warnings: [String] = []

    /// `path`: a hosts.yaml, a fleet's folder or its fleet.toml; nil: the fleet of the present folder.
    static func open(_ path: FilePath?, _ surroundings: Surroundings) async throws -> RelaySource {
        guard let path else { return try await fleet(surroundings) }
        let full = surroundings.workingDirectory.pushing(path)
        if ["yaml", "yml"].contains(full.extension ?? "") { return try hosts(full, surroundings) }
        var inside = surroundings
        inside.workingDirectory = full
        // fleet.toml lies in `.tmuxagent/`.
        if !Files.isFolder(full) {
            guard Files.exists(full) else { throw ConfigurationError.notFound(file: path.string) }
            inside.workingDirectory = full.removingLastComponent().removingLastComponent()
        }
        return try await fleet(inside)
    }

    private static func fleet(_ surroundings: Surroundings) async throws -> RelaySource {
        let context = try await FleetContext.open(surroundings)
        try context.requireTrust()
        return RelaySource(
            name: context.configuration.name, bus: context.configuration.watch.bus,
            settings: context.configuration.notify, approvals: context.store, store: context.store.store,
            places: context.places, publicURL: try context.publicURL(), tmux: try context.tmux(),
            warnings: context.warnings.map(\.rendered))
    }

    private static func hosts(_ file: FilePath, _ surroundings: Surroundings) throws -> RelaySource {
        let records = try PaneRecords(file, surroundings)
        let store = try Store.open(
            path: records.settings.stateDatabase, role: .command, now: surroundings.now())
        var settings = NotifySettings()
        settings.channels = records.settings.channels
        return RelaySource(
            name: records.registration.name, bus: records.settings.bus, settings: settings,
            approvals: store.fleet(records.id), store: store, places: records.places,
            publicURL: try PublicURL.find(surroundings), tmux: nil,
            warnings: records.warnings.map(\.rendered))
    }
}
