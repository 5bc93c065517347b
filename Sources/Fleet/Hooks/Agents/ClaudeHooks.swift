internal import Core

/// Our entries in a settings file of Claude Code.
///
/// `hooks` there is an object of events, each a list of groups with an optional `matcher` and a list of commands.
struct ClaudeHooks: AgentHookSettings {
    /// What the settings run: `sh` reads it.
    let command: String

    init(program: String) { command = AgentHookCommand.line(program: program, agent: "claude") }

    static let emptyFile = "{}\n"

    /// A file without content has no settings.
    private static func settings(in text: [UInt8]) -> [UInt8] {
        text.allSatisfy { [0x20, 0x09, 0x0a, 0x0d].contains($0) } ? Array(emptyFile.utf8) : text
    }

    /// Events that say something of the agent's state, with the tools that an event is asked for.
    private static let events: [(name: String, matcher: String?)] = [
        ("UserPromptSubmit", nil), ("PreToolUse", "AskUserQuestion|ExitPlanMode"), ("PermissionRequest", "*"),
        ("Notification", nil), ("Stop", nil),
    ]
    private static let secondsLimit: Int64 = 5

    func installed(in text: [UInt8]) throws -> [UInt8] {
        var editor = try JSONEditor(Self.settings(in: text))
        guard editor.outline.members != nil else {
            throw Unfit(offset: 0, what: "the settings must be an object")
        }
        for event in Self.events { try add(event.name, event.matcher, to: &editor) }
        return editor.bytes
    }

    func removed(from text: [UInt8]) throws -> [UInt8] {
        var editor = try JSONEditor(text)
        while let place = Self.place(in: editor.outline, of: AgentHookCommand.isOurs) {
            try Self.remove(place, from: &editor)
        }
        return editor.bytes
    }

    func isInstalled(in text: [UInt8]) throws -> Bool {
        let outline = try JSONOutline.read(Self.settings(in: text))
        return Self.place(in: outline, of: AgentHookCommand.isOurs) != nil
    }

    private func add(_ event: String, _ matcher: String?, to editor: inout JSONEditor) throws {
        if let old = Self.place(in: editor.outline, of: AgentHookCommand.isOurs, event: event) {
            // The program may have moved.
            return try editor.replace(old.command, with: JSONValue.string(command).serialized())
        }
        var group = JSONObject()
        group["matcher"] = matcher.map { .string($0) }
        group["hooks"] = [
            ["type": "command", "command": .string(command), "timeout": .integer(Self.secondsLimit)]
        ]
        guard let hooks = editor.outline["hooks"] else {
            return try editor.append(
                .object([event: [.object(group)]]), key: "hooks", to: editor.outline)
        }
        guard hooks.members != nil else {
            throw Unfit(offset: hooks.range.lowerBound, what: "'hooks' must be an object of events")
        }
        guard let groups = hooks[event] else {
            return try editor.append([.object(group)], key: event, to: hooks)
        }
        guard groups.elements != nil else {
            throw Unfit(offset: groups.range.lowerBound, what: "'\(event)' must be a list")
        }
        try editor.append(.object(group), to: groups)
    }

    /// Where a command of ours stands: indices of event, group and command, and the command's own range.
    private struct Place {
        var event: Int
        var group: Int
        var entry: Int
        var command: Range<Int>
    }

    private static func place(
        in root: JSONOutline, of isOurs: (String) -> Bool, event wanted: String? = nil
    ) -> Place? {
        for (eventIndex, event) in (root["hooks"]?.members ?? []).enumerated()
        where wanted == nil || event.key == wanted {
            for (groupIndex, group) in (event.value.elements ?? []).enumerated() {
                for (index, entry) in (group["hooks"]?.elements ?? []).enumerated() {
                    guard let command = entry["command"], let text = command.string, isOurs(text) else {
                        continue
                    }
                    return Place(event: eventIndex, group: groupIndex, entry: index, command: command.range)
                }
            }
        }
        return nil
    }

    /// Takes the command away, and what it alone had filled: its group, its event, `hooks`.
    private static func remove(_ place: Place, from editor: inout JSONEditor) throws {
        guard let hooksIndex = editor.outline.members?.lastIndex(where: { $0.key == "hooks" }),
            let hooks = editor.outline["hooks"], let events = hooks.members,
            let groups = events[place.event].value.elements,
            let entries = groups[place.group]["hooks"]
        else { return }
        if entries.parts.count > 1 { return try editor.remove(place.entry, of: entries) }
        if groups.count > 1 { return try editor.remove(place.group, of: events[place.event].value) }
        if events.count > 1 { return try editor.remove(place.event, of: hooks) }
        try editor.remove(hooksIndex, of: editor.outline)
    }
}
