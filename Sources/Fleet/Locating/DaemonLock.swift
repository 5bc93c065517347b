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

    /// The pid of the process that has the role now; nil when nobody has, 0 when it has not said who it is yet.
    public static func holder(role: DaemonRole, run: FilePath) throws -> Int32? {
        let path = path(role: role, run: run)
        guard try FileLock.isHeld(path) else { return nil }
        let pid = try Files.readText(path, limit: 32).flatMap { Int32($0.prefix { $0.isNumber }) } ?? 0
        // What a killed predecessor wrote stands there until the holder writes.
        return ProcessTable.process(pid) == nil ? 0 : pid
    }

    /// The file that the holder says it goes by; nil where it names none.
    public static func place(role: DaemonRole, run: FilePath) throws -> FilePath? {
        let lines = try Files.readText(path(role: role, run: run), limit: 8 << 10)?.split(separator: "\n")
        return lines.flatMap { $0.count > 1 ? FilePath(String($0[1])) : nil }
    }

    /// What the holder says when it does its work: a line of its own for each trouble.
    public static func text(_ pid: Int32, troubles: [String] = []) -> String {
        let lines = troubles.map { trouble in
            String(trouble.map { $0.isNewline ? " " : $0 }.prefix(500)) + "\n"
        }
        return "\(pid) ready\n" + lines.joined()
    }

    /// What the holder says that does not work; nil before it does its work.
    public static func troubles(of pid: Int32, role: DaemonRole, run: FilePath) throws -> [String]? {
        guard let text = try Files.readText(path(role: role, run: run), limit: 64 << 10) else { return nil }
        guard text.hasPrefix(Self.text(pid)) else { return nil }
        return text.split(separator: "\n").dropFirst().map(String.init)
    }
}
