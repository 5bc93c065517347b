public import Config
public import Core
internal import ProcessKit
public import Store
public import SystemPackage
internal import TmuxKit

/// What `run` with one hosts.yaml keeps in the database: the records of panes that were not spawned here.
public struct PaneRecords: Sendable {
    public var settings: HostsConfiguration
    public let warnings: [ConfigurationProblem]
    /// The hosts.yaml, as an absolute path.
    public let file: FilePath
    public let id: FleetID
    public let places: Places

    /// Reads the hosts.yaml at `path`, relative to the surroundings' folder; no database is opened.
    ///
    /// Throws ``ConfigurationError`` with every problem of the file.
    public init(_ path: FilePath, _ surroundings: Surroundings) throws {
        places = Places(surroundings)
        file = surroundings.workingDirectory.pushing(path)
        let read = try HostsFile.load(file, places: places)
        (settings, warnings) = (read.value, read.warnings)
        id = FleetID("run-\(ContentHash.of((Files.realPath(file) ?? file).string).prefix(16))")
    }

    public var registration: FleetRegistration {
        FleetRegistration(id: id, name: file.stem ?? "run", path: file)
    }
    /// This configuration's own folder: lock, taps, files of shell actions.
    public var run: FilePath { places.run.appending(id.rawValue) }
    /// The taps of all hosts' panes, also of remote ones.
    public var taps: FilePath { run.appending("taps") }

    /// What the tap of a pane is called, without its ending: no other life of a server ever has the same name.
    public static func tapName(of pane: HostPane) -> String {
        "\(TmuxFormat.name(pane.host)).pct\(pane.pane.number)-\(pane.serverPID)-\(pane.serverStart)"
    }

    /// The text of the policy that `run` goes by.
    public var policyInForce: FilePath { run.appending("policy.yaml") }

    /// Whether a `run` with this file is alive.
    public func isWatched() throws -> Bool { try DaemonLock.holder(role: .watch, run: run) != nil }

    /// The records, for a command beside `run`.
    ///
    /// Throws ``PaneRecordsError/neverRun(file:)`` when `run` has kept nothing for this file yet.
    public func store(_ surroundings: Surroundings) async throws -> FleetStore {
        guard Files.exists(settings.stateDatabase) else { throw PaneRecordsError.neverRun(file: file) }
        let store = try Store.open(path: settings.stateDatabase, role: .command, now: surroundings.now())
        let records = store.fleet(id)
        guard try await records.registration() != nil else { throw PaneRecordsError.neverRun(file: file) }
        return records
    }
}
