/// Who or what a fact is about, and what a run belongs to.
public enum Subject: Hashable, Sendable, Codable {
    case agent(AgentID)
    /// The repository's own working tree: it has no pane.
    case mainCheckout
    /// A pane that was not spawned here (classic mode).
    case pane(HostPane)

    /// A stable text for the database: `agent:<id>`, `main`, `pane:<host>:<pane>@<server's pid>.<its start>`.
    public var key: String {
        switch self {
        case .agent(let id): "agent:\(id)"
        case .mainCheckout: "main"
        case .pane(let pane): "pane:\(pane)"
        }
    }

    public init?(key: String) {
        if key == "main" {
            self = .mainCheckout
        } else if key.hasPrefix("agent:") {
            self = .agent(AgentID(String(key.dropFirst(6))))
        } else if key.hasPrefix("pane:"), let pane = HostPane(String(key.dropFirst(5))) {
            self = .pane(pane)
        } else {
            return nil
        }
    }
}

/// One observed fact.
public struct Signal: Sendable, Equatable, Codable {
    public var subject: Subject
    public var at: Timestamp
    public var body: Body

    public init(subject: Subject, at: Timestamp, body: Body) {
        self.subject = subject
        self.at = at
        self.body = body
    }

    public enum Body: Sendable, Equatable, Codable {
        /// From the screen or from `emit`; `source` is `screen`, `emit`, `claude-hook`, …
        case marker(Marker, source: String)
        /// The agent's state changed; `exitStatus` only with `exited`.
        case state(AgentState, waitingFor: WaitingFor?, exitStatus: Int32?)
        /// A logical line of the screen, already without its typed echo; only lines that a policy asks for.
        case line(String)
        /// `tmux-agent emit name` in lower case: a named signal with an optional payload.
        case named(String, payload: JSONObjectBox)
        case gitHook(GitHookEvent)

        /// What `tmux-agent emit NAME` and the action `emit` mean: a named signal in lower case, else a marker of that
        /// type.
        public static func emitted(_ name: String, _ payload: JSONObject, source: String) -> Body {
            guard name != name.lowercased() else { return .named(name, payload: JSONObjectBox(payload)) }
            var marker = payload
            marker["type"] = .string(name)
            return .marker(Marker(payload: marker), source: source)
        }
    }
}

/// What a git hook told us.
public struct GitHookEvent: Sendable, Equatable, Codable {
    public var name: String
    public var branch: String?
    public var commit: String?
    /// Paths that the commit changed, relative to the repository root.
    public var paths: [String]
    /// The run in whose shell action the hook fired, if it did (`TMUX_AGENT_RUN`).
    public var insideRun: RunID?

    public init(name: String, branch: String?, commit: String?, paths: [String], insideRun: RunID?) {
        self.name = name
        self.branch = branch
        self.commit = commit
        self.paths = paths
        self.insideRun = insideRun
    }
}
