internal import Config
public import Core
public import Fleet
internal import ProcessKit
public import SystemPackage
internal import TmuxKit

/// The machines whose panes are watched, and where this process keeps what it needs for that.
public struct PaneHosts: Sendable {
    public let surroundings: Surroundings
    public let places: Places
    public let hosts: [PaneHost]
    /// The folder of this configuration: lock, taps, files of shell actions.
    public let run: FilePath
    /// How screens are read: the built-in rules and those in `.tmuxagent/detect` beside the policy.
    public let detection: DetectionCatalog

    public init(
        surroundings: Surroundings, places: Places, hosts: [PaneHost], run: FilePath,
        detection: DetectionCatalog
    ) {
        self.surroundings = surroundings
        self.places = places
        self.hosts = hosts
        self.run = run
        self.detection = detection
    }

    /// What the program in a pane is, by its name; a pane that runs anything else reads lines like a shell.
    func kind(runningIn pane: PaneSnapshot) -> AgentKind {
        // whoever reads the screen says that no rules can be read
        let named = try? detection.library().kind(ofProgram: pane.currentCommand)
        return named ?? AgentKind.guessed(fromCommand: pane.currentCommand)
    }

    /// The taps of all hosts' panes, also of remote ones.
    public var taps: FilePath { run.appending("taps") }

    /// Where a host's control client is written down.
    func controlFile(of host: String) -> FilePath {
        run.appending("control-\(TmuxFormat.name(host))")
    }

    /// The file that gets a pane's bytes; no other life of a server ever writes to it.
    func tap(of pane: HostPane) -> FilePath {
        taps.appending("\(PaneRecords.tapName(of: pane)).tap")
    }

    func host(of pane: HostPane) -> PaneHost? { hosts.first { $0.name == pane.host } }

    /// How a pane is reached now; throws ``HostError`` for a host that is not there or not in the settings any more.
    func place(of pane: HostPane) async throws -> (TmuxServer, PaneAddress) {
        guard let host = host(of: pane) else {
            throw HostError.notReachable(host: pane.host, reason: "the settings do not name it any more")
        }
        let server = try await host.server()
        let life = TmuxServerID(
            socket: server.tmux.address.path.string, pid: pane.serverPID, startTime: pane.serverStart)
        return (server, PaneAddress(pane: pane.pane, server: life))
    }

    /// Ends control clients that a killed predecessor left: an orphaned one could hold up its whole server.
    public func endOrphans() async throws {
        for name in Files.names(in: run) where name.hasPrefix("control-") {
            let path = run.appending(name)
            let words = (try Files.readText(path, limit: 64) ?? "").split(separator: " ")
            if words.count == 2, let pid = Int32(words[0]), let start = UInt64(words[1]) {
                await ControlClient.endOrphan(ProcessIdentity(pid: pid, startTicks: start))
            }
            try Files.remove(path)
        }
    }
}
