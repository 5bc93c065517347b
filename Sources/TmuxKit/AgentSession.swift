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
        ["env"] + removed.sorted().flatMap { ["-u", $0] } + ["PATH=\(path)"] + Self.keeper + program
    }

    /// Runs the program and ends as it ended, but not before tmux has read its last byte.
    ///
    /// tmux drops what still lies in the terminal when it learns that its child is dead, and the kernel may not yet
    /// show it what was written a moment before. So the child is this shell: when the program has ended it lets go of
    /// the terminal, tmux reads to the end and closes it, which the shell is told by a hangup. A second is the most it
    /// waits, for others that hold the terminal open. Keys that interrupt the program leave the shell alone.
    private static let keeper = ["/bin/sh", "-c", keeperScript, "tmux-agent"]

    private static let keeperScript = """
        trap : INT QUIT TERM
        "$@"
        s=$?
        trap 'if [ $s -gt 128 ]; then ulimit -c 0; trap - HUP INT QUIT TERM; kill -$((s - 128)) $$; fi; exit $s' HUP
        exec </dev/null >/dev/null 2>&1
        \(keepersPause.joined(separator: " ")) &
        wait
        kill -HUP $$
        """

    /// What the keeper runs while it waits for tmux.
    public static let keepersPause = ["sleep", "1"]

    /// `-e NAME=value` for each variable.
    var environmentArguments: [String] {
        environment.sorted { $0.key < $1.key }.flatMap { ["-e", "\($0.key)=\($0.value)"] }
    }
}
