public import ProcessKit
public import Store
public import SystemPackage

/// The lock that lets only one process fill a role for a fleet.
public enum DaemonLock {
    public static func path(role: DaemonRole, run: FilePath) -> FilePath {
        run.appending("\(role.rawValue).lock")
    }

    /// Takes the role, or returns nil when a living process has it.
    public static func take(role: DaemonRole, run: FilePath, processID: Int32) throws -> FileLock? {
        try Files.makeFolder(run, mode: 0o700)
        guard let lock = try FileLock.tryAcquire(path(role: role, run: run)) else { return nil }
        try lock.write("\(processID)\n")
        return lock
    }

    /// The pid of the process that has the role now; nil when nobody has.
    public static func holder(role: DaemonRole, run: FilePath) throws -> Int32? {
        let path = path(role: role, run: run)
        guard Files.exists(path), try FileLock.tryAcquire(path) == nil else { return nil }
        return try Files.readText(path, limit: 32).flatMap { Int32($0.prefix { $0.isNumber }) } ?? 0
    }
}
