public import Core
public import SystemPackage

/// What can go wrong with a fleet's daemon.
public enum DaemonError: Error, Equatable {
    case alreadyRunning(pid: Int32)
    case notRunning(root: FilePath)
    /// It ended, or was not ready in time; the last lines of its log say more.
    case notStarted(log: FilePath, lastLines: [String])
    case didNotStop(pid: Int32)
    /// `run` was started twice with one configuration.
    case alreadyRunningPanes(configuration: FilePath, pid: Int32)
    case hostsNotReached([String])
    /// The daemon does not serve this page: it is switched off, or its port is taken.
    case pageNotServed(page: String)
}

extension DaemonError: UserFacingError {
    public var code: String {
        switch self {
        case .alreadyRunning: "daemon_already_running"
        case .notRunning: "daemon_not_running"
        case .notStarted: "daemon_not_started"
        case .didNotStop: "daemon_did_not_stop"
        case .alreadyRunningPanes: "run_already_running"
        case .hostsNotReached: "hosts_not_reached"
        case .pageNotServed: "page_not_served"
        }
    }

    public var message: String {
        switch self {
        case .alreadyRunning(let pid): "A daemon watches this fleet already (pid \(pid))"
        case .notRunning(let root): "No daemon watches the fleet of \(root)"
        case .notStarted(let log, let lines):
            "The daemon did not start; its log is \(log)" + lines.map { "\n  \($0.visible)" }.joined()
        case .didNotStop(let pid): "The daemon (pid \(pid)) did not end within 15 s"
        case .alreadyRunningPanes(let configuration, let pid):
            "The panes of \(configuration) are watched already (pid \(pid))"
        case .hostsNotReached(let hosts):
            "Not reached: \(hosts.sorted().map(\.visible).joined(separator: ", "))"
        case .pageNotServed(let page): "The daemon does not serve the \(page)"
        }
    }

    public var hint: String? {
        switch self {
        case .alreadyRunning: "Use it, or end it with 'tmux-agent down'"
        case .notRunning: "Start one with 'tmux-agent up'"
        case .notStarted: "Run 'tmux-agent up --foreground' to see it start"
        case .didNotStop(let pid): "Look at its log; 'kill -9 \(pid)' loses nothing"
        case .alreadyRunningPanes(_, let pid):
            "End that one with 'kill \(pid)', or use a settings file of its own for other panes"
        case .hostsNotReached:
            "What the other hosts' panes showed is done; the next pass tries all of them again"
        case .pageNotServed("portal"):
            "Set 'enabled = true' under [portal] in fleet.toml, or run 'tmux-agent portal'"
        case .pageNotServed: "'tmux-agent status' says why"
        }
    }

    public var exitStatus: ExitStatus {
        switch self {
        case .notRunning, .hostsNotReached, .pageNotServed: .unavailable
        case .alreadyRunning, .notStarted, .didNotStop, .alreadyRunningPanes: .notAchieved
        }
    }
}
