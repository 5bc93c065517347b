internal import Core
internal import ProcessKit
public import Store
internal import SystemPackage

/// Counts who takes room on this machine, by what runs: not by what a fleet wrote down before it was killed.
public struct HostCensus: Sendable {
    /// Where each fleet has its locks.
    private let runs: FilePath

    public init(context: FleetContext) { runs = context.run.removingLastComponent() }

    /// Those of `tenants` that live, are being started, or will be by an orchestrator that runs.
    public func count(_ tenants: [HostTenant]) -> Int {
        var living: Set<[String]> = []
        for tenant in tenants {
            let place = [tenant.fleet.rawValue, tenant.branch]
            guard !living.contains(place), lives(tenant) else { continue }
            living.insert(place)
        }
        return living.count
    }

    private func lives(_ tenant: HostTenant) -> Bool {
        let processes = [tenant.process, tenant.spawner].compactMap(\.self)
        guard processes.isEmpty else { return processes.contains { ProcessTable.isAlive($0.identity) } }
        // A lock that cannot be read is nobody's.
        return (try? DaemonLock.holder(role: .orchestrate, run: runs.appending(tenant.fleet.rawValue))) != nil
    }
}
