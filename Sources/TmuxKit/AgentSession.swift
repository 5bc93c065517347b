public import Core
public import SystemPackage

/// An agent's tmux session as it is asked for.
public struct AgentSession: Sendable, Hashable {
    public var agent: AgentID
    public var name: SessionName
    /// What policies match as the window's name: `agent:` and the slug.
    public var windowName: String
    public var workingDirectory: FilePath
    /// The program and its arguments, without a shell between; `shellLine` makes one for a command line.
    public var program: [String]
    /// `PATH` of the program: tmux would give it that of the command that happens to start the session.
    public var path: String
    public var environment: [String: String]
    /// Variables that the program must not see, though the server has them.
    public var removed: [String]
    public var columns: Int
    public var rows: Int
    /// The file that gets every byte the pane prints; its folder exists.
    ///
    /// `<tap>.pipe` (the process that writes it) and `<tap>.sizes` (a line per change of size) lie beside it.
    public var tap: FilePath

    public init(
        agent: AgentID, name: SessionName, windowName: String, workingDirectory: FilePath,
        program: [String], path: String, environment: [String: String] = [:], removed: [String] = [],
        columns: Int = 200, rows: Int = 50, tap: FilePath
    ) {
        self.agent = agent
        self.name = name
        self.windowName = windowName
        self.workingDirectory = workingDirectory
        self.program = program
        self.path = path
        self.environment = environment
        self.removed = removed
        self.columns = columns
        self.rows = rows
        self.tap = tap
    }

    /// A template's own command line, for `/bin/sh`.
    public static func shellLine(_ line: String) -> [String] { ["/bin/sh", "-c", line] }

    /// What tmux starts: several words, so that no shell reads them.
    var paneCommand: [String] {
        ["env"] + removed.sorted().flatMap { ["-u", $0] } + ["PATH=\(path)"] + program
    }

    /// `-e NAME=value` for each variable.
    var environmentArguments: [String] {
        environment.sorted { $0.key < $1.key }.flatMap { ["-e", "\($0.key)=\($0.value)"] }
    }
}
