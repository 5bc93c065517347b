/// What an agent program's own hook said: an event of its session, and the markers in its last message.
///
/// Events and fields are those of Claude Code's and Codex's hooks, and of Codex's `notify`.
public struct AgentHookReport: Sendable, Equatable {
    /// `claude` or `codex`.
    public var program: AgentKind
    /// Such as `Stop`, `Notification` or `agent-turn-complete`.
    public var event: String
    /// What kind of notification it is, where the program says so.
    public var notification: String?
    public var message: String?
    public var tool: String?
    /// A helper inside the session speaks, not the session itself.
    public var isFromHelper: Bool
    /// Only those with an `id`: without one nobody could tell them from the same marker on the screen.
    public var markers: [Marker]
    /// The folder of the session, as an absolute path.
    ///
    /// Sessions of Codex share one server, whose environment is that of whoever started it: only this tells them apart.
    public var folder: String?

    static let longestMessage = 300
    static let longestFolder = 4096

    /// Reads what the program hands to its hook; nil when that is no event.
    public init?(program: AgentKind, payload: JSONValue) {
        guard let event = payload["hook_event_name"]?.string ?? payload["type"]?.string, !event.isEmpty,
            event.utf8.count <= 100
        else { return nil }
        self.program = program
        self.event = event
        notification = payload["notification_type"]?.string.map { String($0.prefix(100)) }
        message = payload["message"]?.string.map { String($0.prefix(Self.longestMessage)) }
        tool = payload["tool_name"]?.string.map { String($0.prefix(100)) }
        isFromHelper = payload["agent_id"]?.string.map { !$0.isEmpty } ?? false
        folder = payload["cwd"]?.string.flatMap {
            $0.hasPrefix("/") && $0.utf8.count <= Self.longestFolder ? $0 : nil
        }
        let last = payload["last_assistant_message"]?.string ?? payload["last-assistant-message"]?.string
        markers = last.map { TextMarkers.read($0).filter { $0.id != nil } } ?? []
    }

    /// What the event says of the agent's state; nil when it says nothing.
    public var state: (state: AgentState, waitingFor: WaitingFor?)? {
        switch event {
        case "UserPromptSubmit", "PostToolUse", "PostToolUseFailure", "PreCompact":
            return isFromHelper ? nil : (.working, nil)
        case "PreToolUse":
            if let waitingFor = waitingForTool { return (.waiting, waitingFor) }
            return isFromHelper ? nil : (.working, nil)
        case "PermissionRequest": return (.waiting, waitingForTool ?? .permission)
        case "Elicitation": return (.waiting, .question)
        case "Notification": return notified
        case "Stop", "StopFailure", "agent-turn-complete": return isFromHelper ? nil : (.idle, nil)
        case "approval-requested": return (.waiting, .permission)
        case "user-input-requested": return (.waiting, .question)
        default: return nil
        }
    }

    /// Tools that are themselves a question to a person.
    private var waitingForTool: WaitingFor? {
        switch tool {
        case "AskUserQuestion", "request_user_input": .question
        case "ExitPlanMode": .permission
        default: nil
        }
    }

    private var notified: (AgentState, WaitingFor?)? {
        switch notification {
        case "permission_prompt": return (.waiting, .permission)
        case "elicitation_dialog": return (.waiting, .question)
        case "idle_prompt": return (.idle, nil)
        case .some: return nil
        // Versions that do not name the kind say it in words.
        case nil:
            guard let message else { return nil }
            if message.contains("permission") { return (.waiting, .permission) }
            return message.contains("waiting for your input") ? (.idle, nil) : nil
        }
    }
}

extension AgentHookReport {
    /// One line of the file that hooks append to, without its newline: program, agent, milliseconds, JSON, parted by tabs.
    public func line(agent: AgentID, at time: Timestamp) -> String {
        var object: JSONObject = ["event": .string(event)]
        object["notification"] = notification.map { .string($0) }
        object["message"] = message.map { .string($0) }
        object["tool"] = tool.map { .string($0) }
        object["folder"] = folder.map { .string($0) }
        if isFromHelper { object["helper"] = true }
        if !markers.isEmpty { object["markers"] = .array(markers.map { .object($0.payload.object) }) }
        return "\(program)\t\(agent)\t\(time.milliseconds)\t\(JSONValue.object(object).serialized())"
    }

    /// Reads such a line; nil for anything else.
    public static func read(line: String) -> (report: AgentHookReport, agent: AgentID, at: Timestamp)? {
        // what does not parse is no line of ours
        let fields = line.split(separator: "\t", maxSplits: 3, omittingEmptySubsequences: false)
        guard fields.count == 4, !fields[1].isEmpty, let milliseconds = Int64(fields[2]),
            let object = try? JSONValue.parse(String(fields[3])), let event = object["event"]?.string
        else { return nil }
        var report = AgentHookReport(program: AgentKind(String(fields[0])), event: event)
        report.notification = object["notification"]?.string
        report.message = object["message"]?.string
        report.tool = object["tool"]?.string
        report.folder = object["folder"]?.string
        report.isFromHelper = object["helper"]?.bool ?? false
        report.markers = (object["markers"]?.array ?? []).compactMap { $0.object.map { Marker(payload: $0) } }
            .filter { $0.id != nil }
        return (report, AgentID(String(fields[1])), Timestamp(milliseconds: milliseconds))
    }

    private init(program: AgentKind, event: String) {
        (self.program, self.event, isFromHelper, markers) = (program, event, false, [])
    }
}
