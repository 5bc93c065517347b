public import SystemPackage

/// What a classic `hosts.yaml` asks for: watching panes that were not spawned here.
public struct HostsConfiguration: Sendable, Equatable {
    public var tmuxProgram = "tmux"
    public var stateDatabase: FilePath
    public var approvals: FilePath
    public var bus: FilePath
    public var channels: [String] = ["stdout"]
    /// At least one.
    public var hosts: [HostConfiguration] = [HostConfiguration(name: "local")]

    public init(places: Places) {
        stateDatabase = places.stateDatabase
        approvals = places.approvals
        bus = places.bus
    }
}

/// A machine whose tmux is watched, and which of its panes.
public struct HostConfiguration: Sendable, Equatable {
    public var name: String
    /// Nil for this machine.
    public var ssh: SSHSettings?
    /// The name for `tmux -L`, or the socket's path; nil means the user's own server.
    public var socket: String?
    public var filter = PaneFilter()
    /// How many rows of a pane's history are looked at, where it is read by captures.
    public var captureLines = 2000

    public init(name: String) { self.name = name }
}

/// How a machine is reached.
public struct SSHSettings: Sendable, Equatable {
    public var host: String
    public var port = 22
    public var user: String?
    public var key: FilePath?
    public var timeout: Duration = .seconds(30)

    public init(host: String) { self.host = host }
}

/// Which panes are watched: any session filter and any name pattern must be found; an empty list lets all through.
public struct PaneFilter: Sendable, Equatable {
    public let sessions: [Pattern]
    /// Searched in the pane's title and in the window's name.
    public let names: [Pattern]
    private let sessionsAsTmuxWrites: [Pattern]

    public init(sessions: [Pattern] = [], names: [Pattern] = []) {
        self.sessions = sessions
        self.names = names
        sessionsAsTmuxWrites = sessions.compactMap(Self.tmuxForm)
    }

    /// tmux turns `.` and `:` of session names into `_`, so a filter may be written in either form.
    public func accepts(session: String, window: String, title: String) -> Bool {
        let inSession = sessions.isEmpty || (sessions + sessionsAsTmuxWrites).contains { $0.matches(session) }
        return inSession && (names.isEmpty || names.contains { $0.matches(title) || $0.matches(window) })
    }

    /// The filter with every literal `:` and `.` as tmux writes it; nil when there is none.
    private static func tmuxForm(_ pattern: Pattern) -> Pattern? {
        var form = ""
        var rest = Substring(pattern.expression)
        while let character = rest.first {
            if rest.hasPrefix("\\.") || rest.hasPrefix("\\:") {
                form += "_"
                rest = rest.dropFirst(2)
            } else if rest.hasPrefix("(?:") || rest.hasPrefix("[:") || rest.hasPrefix(":]")
                || character == "\\"
            {
                let kept = rest.prefix(rest.hasPrefix("(?:") ? 3 : 2)
                form += kept
                rest = rest.dropFirst(kept.count)
            } else {
                form += character == ":" ? "_" : String(character)
                rest = rest.dropFirst()
            }
        }
        // A filter that only tmux's form breaks is still tried as it was written.
        return form == pattern.expression ? nil : try? Pattern(form)
    }
}
