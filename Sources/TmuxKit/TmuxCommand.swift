/// One tmux command: its name and arguments, not yet quoted for any road.
public struct TmuxCommand: Sendable, Hashable, ExpressibleByArrayLiteral {
    public var words: [String]

    public init(_ words: [String]) { self.words = words }
    public init(arrayLiteral elements: String...) { words = elements }

    /// Runs `then` when the format is neither empty nor `0` for the pane, else `otherwise`, with nothing in between.
    static func when(_ format: String, in target: String, then: [TmuxCommand], otherwise: [TmuxCommand])
        -> TmuxCommand
    {
        [
            "if-shell", "-F", "-t", target, format, TmuxCommandList(then).line,
            TmuxCommandList(otherwise).line,
        ]
    }

    /// Prints a word; it must not hold `#` or `%`.
    static func say(_ word: String) -> TmuxCommand { ["display-message", "-p", word] }
}

/// Commands that the server runs one after the other without another client's in between; the first failure ends it.
public struct TmuxCommandList: Sendable, Hashable, ExpressibleByArrayLiteral {
    public var commands: [TmuxCommand]
    /// Text put into a paste buffer before the first command.
    ///
    /// A forked client reads it from its standard input, a control client takes it as an argument.
    public var buffer: Buffer?

    public struct Buffer: Sendable, Hashable {
        public var name: String
        public var text: String

        public init(name: String, text: String) {
            self.name = name
            self.text = text
        }
    }

    public init(_ commands: [TmuxCommand], buffer: Buffer? = nil) {
        self.commands = commands
        self.buffer = buffer
    }

    public init(arrayLiteral elements: TmuxCommand...) { self.init(elements) }

    /// The list on one line, in the language of control mode and `source-file`.
    var line: String {
        var all = commands
        if let buffer { all.insert(["set-buffer", "-b", buffer.name, "--", buffer.text], at: 0) }
        return all.map { $0.words.map(TmuxFormat.quote).joined(separator: " ") }.joined(separator: " ; ")
    }

    /// The list as arguments of the tmux binary, and what goes to its standard input.
    ///
    /// tmux refuses more than 16 KiB of arguments; a longer list goes in as a line of `source-file`, on one line so that
    /// a failure still ends it.
    var forked: (arguments: [String], input: [UInt8]?) {
        var all = commands
        var input: [UInt8]?
        if let buffer {
            all.insert(["load-buffer", "-b", buffer.name, "-"], at: 0)
            input = Array(buffer.text.utf8)
        }
        let arguments = all.map { $0.words.map(TmuxFormat.argument) }.joined(separator: [";"])
        if arguments.reduce(0, { $0 + $1.utf8.count + 1 }) <= 12_000 { return (Array(arguments), input) }
        return (["start-server", ";", "source-file", "-"], Array((line + "\n").utf8))
    }

    /// For messages, cut to a readable length.
    var summary: String { line.utf8.count > 300 ? String(line.prefix(300)) + "…" : line }
}
