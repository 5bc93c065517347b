public import Config
public import Core
internal import ProcessKit
public import Store
public import SystemPackage

/// What `run` with one hosts.yaml keeps in the database: the records of panes that were not spawned here.
public struct PaneRecords: Sendable {
    public let settings: HostsConfiguration
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

/// What goes wrong with the records of `run`.
public enum PaneRecordsError: Error, Equatable {
    case neverRun(file: FilePath)
    case noPane(String, known: [String])
    case severalPanes(String, known: [String])
}

extension PaneRecordsError: UserFacingError {
    public var code: String {
        switch self {
        case .neverRun: "never_run"
        case .noPane: "no_pane"
        case .severalPanes: "several_panes"
        }
    }

    public var message: String {
        switch self {
        case .neverRun(let file): "Nothing is kept for \(file): it was never run"
        case .noPane(let name, _): "'run' knows no pane '\(name)' with a run"
        case .severalPanes(let name, _): "'\(name)' may mean several panes"
        }
    }

    public var hint: String? {
        switch self {
        case .neverRun:
            "tmux-agent run --config hosts.yaml --policy policy.yaml; is it the same file and TMUX_AGENT_HOME?"
        case .noPane(_, let known):
            known.isEmpty ? "No pipeline has begun for any pane" : "Panes: \(known.joined(separator: ", "))"
        case .severalPanes(_, let known): "Name one of: \(known.joined(separator: ", "))"
        }
    }

    public var exitStatus: ExitStatus {
        switch self {
        case .neverRun: .unusableSettings
        case .noPane, .severalPanes: .notAchieved
        }
    }
}

extension HostPane {
    /// `host:%3`, as people name a pane.
    public var name: String { "\(host):\(pane)" }
}

/// Finds a pane of `run` by the name that a person gives it.
public enum PaneNames {
    /// The pane of the newest run that `text` means: `%3`, or `host:%3`.
    ///
    /// A pane of an earlier life of a tmux server is meant only when no later one has the name.
    public static func find(_ text: String, among runs: [PipelineRun]) throws(PaneRecordsError) -> HostPane {
        var newest: [String: (pane: HostPane, at: Timestamp)] = [:]
        for run in runs {
            guard case .pane(let pane) = run.subject else { continue }
            if let known = newest[pane.name], known.at > run.startedAt { continue }
            newest[pane.name] = (pane, run.startedAt)
        }
        let fitting = newest.filter { $0.key == text || $0.value.pane.pane.description == text }
        let known = newest.keys.sorted()
        guard let first = fitting.first else { throw .noPane(text, known: known) }
        guard fitting.count == 1 else { throw .severalPanes(text, known: fitting.keys.sorted()) }
        return first.value.pane
    }
}
