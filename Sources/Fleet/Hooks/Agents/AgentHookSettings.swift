internal import Core
internal import ProcessKit

/// Text in, text out: what a kind of settings file looks like with our hooks and without them.
protocol AgentHookSettings {
    /// What a file that does not exist counts as.
    static var emptyFile: String { get }
    func installed(in text: [UInt8]) throws -> [UInt8]
    func removed(from text: [UInt8]) throws -> [UInt8]
    func isInstalled(in text: [UInt8]) throws -> Bool
}

/// The command that an agent's settings run.
enum AgentHookCommand {
    /// Costs a shell's test outside our agents, and succeeds whatever happens.
    static func line(program: String, agent: String) -> String {
        "[ -z \"$TMUX_AGENT_ID\" ] || \(Command.quoted(program)) hook \(agent) 2>/dev/null || :"
    }

    static func isOurs(_ command: String) -> Bool {
        command.contains("TMUX_AGENT_ID")
            && (command.contains(" hook claude") || command.contains(" hook codex"))
    }
}

/// A place of a settings file that does not have the form that the agent's documentation gives it.
struct Unfit: Error {
    var line = 0
    var column = 0
    var offset: Int?
    var what: String

    init(offset: Int, what: String) { (self.offset, self.what) = (offset, what) }
    init(line: Int, column: Int, what: String) { (self.line, self.column, self.what) = (line, column, what) }

    /// `file:line:column: what`.
    func rendered(file: String, _ text: [UInt8]) -> String {
        guard let offset else { return "\(file):\(line):\(column): \(what)" }
        let place = Self.place(of: offset, in: text)
        return "\(file):\(place.line):\(place.column): \(what)"
    }

    /// Line and column, both from 1, of a byte.
    static func place(of offset: Int, in text: [UInt8]) -> (line: Int, column: Int) {
        let before = text.prefix(offset)
        let start = before.lastIndex(of: 0x0a).map { $0 + 1 } ?? 0
        let column = String(decoding: before[start...], as: UTF8.self).unicodeScalars.count
        return (before.count { $0 == 0x0a } + 1, column + 1)
    }
}
