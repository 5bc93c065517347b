public import SystemPackage

/// Where tmux-agent keeps what belongs to the user and not to one repository.
///
/// The default is `~/.tmux_agent`; the environment variable TMUX_AGENT_HOME moves it. Both are read at the composition
/// root and handed in.
public struct Places: Sendable, Equatable {
    /// The user's home folder, for which `~` stands.
    public let userHome: FilePath
    /// The folder of all others here; mode 0700.
    public let home: FilePath

    public init(userHome: FilePath, tmuxAgentHome: String? = nil) {
        self.userHome = userHome
        guard let moved = tmuxAgentHome, !moved.isEmpty else {
            home = userHome.appending(".tmux_agent")
            return
        }
        home = Self.expandHome(moved, userHome: userHome).normalized
    }

    public var stateDatabase: FilePath { home.appending("state.db") }
    public var secret: FilePath { home.appending("secret") }
    public var approvals: FilePath { home.appending("approvals") }
    public var bus: FilePath { home.appending("bus") }
    /// Sockets, locks and port files of running daemons.
    public var run: FilePath { home.appending("run") }

    /// A path as a settings file writes it: `~` is the home folder, `~/.tmux_agent` is `home` wherever that was moved to,
    /// and what is relative is relative to `base`.
    public func resolve(_ text: String, relativeTo base: FilePath) -> FilePath {
        for prefix in ["~/.tmux_agent/", "~/.tmux_agent"] where text.hasPrefix(prefix) {
            let rest = text.dropFirst(prefix.count)
            guard prefix.hasSuffix("/") || rest.isEmpty else { break }
            return home.pushing(FilePath(String(rest.drop { $0 == "/" }))).normalized
        }
        let path = Self.expandHome(text, userHome: userHome)
        return base.pushing(path).normalized
    }

    private static func expandHome(_ text: String, userHome: FilePath) -> FilePath {
        if text == "~" { return userHome }
        guard text.hasPrefix("~/") else { return FilePath(text) }
        return userHome.pushing(FilePath(String(text.dropFirst(2).drop { $0 == "/" })))
    }
}
