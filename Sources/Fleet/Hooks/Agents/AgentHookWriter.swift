public import Core
internal import ProcessKit
internal import SystemPackage

/// Writes what an agent's hook said where the daemon reads it: one line at the end of a file, as git's hooks do.
///
/// No database and no git: a hook must cost an agent nothing that it would notice.
public struct AgentHookWriter: Sendable {
    let surroundings: Surroundings

    public init(surroundings: Surroundings) { self.surroundings = surroundings }

    /// Below a fleet's own git folder.
    static let fileName = "agent-hooks"
    /// More belongs to no hook's event.
    public static let longestPayload = 8 << 20
    static let longestLine = 256 << 10

    /// False when there is nothing to write: not in an agent's pane, a session inside the agent's, or no event.
    @discardableResult
    public func write(program: AgentKind, payload: [UInt8]) throws -> Bool {
        let environment = surroundings.environment
        guard let id = environment["TMUX_AGENT_ID"], !id.isEmpty,
            let fleet = environment["TMUX_AGENT_FLEET"], fleet.hasPrefix("/"),
            let folder = Self.ownFolder(ofFleet: FilePath(fleet)), !isNested
        else { return false }
        let json = try JSONValue.parse(bytes: payload)
        guard let report = AgentHookReport(program: program, payload: json) else { return false }
        var line = report.line(agent: AgentID(id), at: surroundings.now())
        if line.utf8.count > Self.longestLine {
            var short = report
            short.markers = []
            line = short.line(agent: AgentID(id), at: surroundings.now())
        }
        // Tabs and newlines end fields and lines, and an agent's id comes from the environment.
        guard line.count(where: { $0 == "\t" }) == 3, !line.contains("\n") else { return false }
        try Files.append(line + "\n", to: folder.appending(Self.fileName))
        return true
    }

    /// The fleet's folder inside its git folder, found by its files; nil when no fleet was made there.
    static func ownFolder(ofFleet root: FilePath) -> FilePath? {
        let git = root.appending(".git")
        var common = Files.isFolder(git) ? git : root
        if !Files.isFolder(git), let text = firstLine(git), text.hasPrefix("gitdir: ") {
            common = root.pushing(FilePath(String(text.dropFirst(8))))
            if let shared = firstLine(common.appending("commondir")) {
                common = common.pushing(FilePath(shared)).normalized
            }
        }
        let folder = common.appending("tmux-agent")
        return Files.isFolder(folder) ? folder : nil
    }

    private static func firstLine(_ path: FilePath) -> String? {
        // what cannot be read names no folder
        (try? Files.readText(path, limit: 64 << 10))?.split(separator: "\n").first.map { String($0) }
    }

    /// True when the program that calls the hook was started inside a session of a program of its name, by its tools: a
    /// session inside the agent's, whose end is not the agent's.
    ///
    /// A program may be several processes of one name: Codex calls its hooks from a server that it starts itself.
    private var isNested: Bool {
        var names: [String] = []
        var pid = ProcessTable.process(surroundings.processID)?.parent ?? 0
        while pid > 1, names.count < 64, let process = ProcessTable.process(pid) {
            names.append(process.name)
            pid = process.parent
        }
        let shells: Set = ["sh", "bash", "dash", "zsh", "env", "timeout"]
        guard let caller = names.firstIndex(where: { !shells.contains($0) }), names[caller] != "node" else {
            return false
        }
        return names[caller...].drop { $0 == names[caller] }.contains(names[caller])
    }
}
