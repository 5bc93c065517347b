public import SystemPackage

/// What a process finds around itself, read once by `main` and handed down.
public struct Surroundings: Sendable {
    public var environment: [String: String]
    public var workingDirectory: FilePath
    /// This program's own file, for the children that it starts.
    public var executable: FilePath
    public var processID: Int32
    /// The user's login name, for the record of who decided.
    public var user: String
    public var now: @Sendable () -> Timestamp
    public var ids: IDMaker

    public init(
        environment: [String: String], workingDirectory: FilePath, executable: FilePath, processID: Int32,
        user: String, now: @escaping @Sendable () -> Timestamp, ids: IDMaker
    ) {
        self.environment = environment
        self.workingDirectory = workingDirectory
        self.executable = executable
        self.processID = processID
        self.user = user
        self.now = now
        self.ids = ids
    }

    /// `HOME`, or `/` when there is none.
    public var home: FilePath { FilePath(environment["HOME"].flatMap { $0.isEmpty ? nil : $0 } ?? "/") }
}
