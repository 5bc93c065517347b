internal import Core
internal import Fleet
internal import ProcessKit
internal import Store
internal import SystemPackage

extension FleetContext {
    /// What this machine has left of that which the settings limit; the rest is not looked at.
    func capacity(for settings: OrchestratorSettings) async throws -> Capacity {
        var capacity = Capacity()
        if settings.minimumFreeMemory != nil || settings.maximumLoad != nil, let now = MachineLoad.read() {
            if settings.minimumFreeMemory != nil { capacity.freeMemory = now.freeMemory }
            if settings.maximumLoad != nil { capacity.load = now.load }
        }
        if settings.maxAgentsPerHost != nil {
            capacity.otherAgents = HostCensus(context: self).count(try await store.hostTenants())
        }
        return capacity
    }
}

/// What Linux says about memory and load.
enum MachineLoad {
    /// Nil where /proc does not say it.
    static func read() -> Capacity? {
        guard let memory = try? Files.readText("/proc/meminfo"),
            let load = try? Files.readText("/proc/loadavg"),
            let processors = try? Files.readText("/proc/stat")
        else { return nil }
        return parse(memory, load, processors)
    }

    static func parse(_ memory: String, _ load: String, _ statistics: String) -> Capacity? {
        let line = memory.split(separator: "\n").first { $0.hasPrefix("MemAvailable:") }
        let kilobytes = line?.split(separator: " ").dropFirst().first.flatMap { Int64($0) }
        // Lines cpu0, cpu1, …: those that run now.
        let count = statistics.split(separator: "\n").count { line in
            line.hasPrefix("cpu") && line.dropFirst(3).first?.isNumber == true
        }
        guard let kilobytes, let minute = load.split(separator: " ").first.flatMap({ Double($0) }) else {
            return nil
        }
        return Capacity(freeMemory: kilobytes << 10, load: minute / Double(max(1, count)))
    }
}
