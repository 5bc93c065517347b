public import Core
public import Fleet
internal import Store
internal import SystemPackage

/// What `run` with one hosts.yaml does at the moment.
public struct PaneRunStatus: Sendable {
    public enum HostState: Sendable, Equatable {
        case up
        case down(reason: String)
        /// Nobody asks it: `run` is not there, or has just begun.
        case unknown
    }

    public struct Host: Sendable {
        public var name: String
        /// As ssh is told; nil for this machine.
        public var address: String?
        public var state: HostState
    }

    public var file: String
    /// Of `run`; nil when none runs.
    public var pid: Int32?
    public var hosts: [Host]
    /// What else does not work, in words; may hold text of others.
    public var troubles: [String]
    public var runs: [PipelineRun]
    public var pendingApprovals: Int

    /// Reads it from what `run` keeps; asks no host.
    public static func now(of records: PaneRecords, _ surroundings: Surroundings) async throws
        -> PaneRunStatus
    {
        let store = try await records.store(surroundings)
        let pid = try DaemonLock.holder(role: .watch, run: records.run)
        let said = try pid.flatMap { try DaemonLock.troubles(of: $0, role: .watch, run: records.run) }
        let hosts = records.settings.hosts.map { host in
            let prefix = "host \(host.name): "
            let reason = said?.first { $0.hasPrefix(prefix) }.map { String($0.dropFirst(prefix.count)) }
            let state = said == nil ? HostState.unknown : reason.map { .down(reason: $0) } ?? .up
            return Host(name: host.name, address: host.ssh?.host, state: state)
        }
        return PaneRunStatus(
            file: records.file.string, pid: pid, hosts: hosts,
            troubles: (said ?? []).filter { !$0.hasPrefix("host ") }, runs: try await store.latestRuns(),
            pendingApprovals: try await store.pendingApprovals().count)
    }
}
