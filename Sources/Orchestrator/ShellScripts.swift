internal import Core
internal import Fleet
internal import ProcessKit
internal import SystemPackage

/// The files by which a command runs in a shell's pane and says how it ended.
///
/// The command stands in a file of its own, so whatever it is made of - comments, here-documents, quotes without an end -
/// cannot break the line that is typed or the report. The report is printed in one piece: tmux writes it to the tap as it
/// was printed, however narrow the pane is.
struct ShellScripts: Sendable {
    let folder: FilePath

    init(folder: FilePath) { self.folder = folder }

    init(context: FleetContext) { self.init(folder: context.run.appending("commands")) }

    /// What stands in the file that is typed: unique for each try.
    static func name(of command: QueuedCommand) -> String { "\(command.id).\(command.tries)" }

    /// Writes the files and returns the line to type.
    func write(_ command: QueuedCommand) throws -> String {
        try Files.makeFolder(folder, mode: 0o700)
        let name = Self.name(of: command)
        let text = folder.appending("\(name).command")
        let runner = folder.appending("\(name).run")
        let mode = FilePermissions(rawValue: 0o600)
        if try Files.readText(text) != Self.nothing {
            try Files.write(command.content.text + "\n", to: text, mode: mode)
        }
        try Files.write(Self.runner(of: command, text: text), to: runner, mode: mode)
        return "sh \(Command.quoted(runner.string))"
    }

    /// Leaves nothing to do where the command's shell has not read it yet; one that runs is not changed by it.
    func disarm(_ command: QueuedCommand) throws {
        try Files.makeFolder(folder, mode: 0o700)
        try Files.write(
            Self.nothing, to: folder.appending("\(Self.name(of: command)).command"),
            mode: FilePermissions(rawValue: 0o600))
    }

    private static let nothing = "exit 130\n"

    func remove(_ command: QueuedCommand) throws {
        for ending in ["command", "run"] {
            try Files.remove(folder.appending("\(Self.name(of: command)).\(ending)"))
        }
    }

    /// C-c ends the command and not its report.
    ///
    /// The command's own shell is the user's where that speaks POSIX.
    private static func runner(of command: QueuedCommand, text: FilePath) -> String {
        let move = command.content.cwd.map { "cd \(Command.quoted($0)) && " } ?? ""
        return """
            trap : INT
            case ${SHELL##*/} in bash | zsh | ksh | dash | sh) shell=$SHELL ;; *) shell=sh ;; esac
            begin=$(date +%s%3N)
            \(move)"$shell" \(Command.quoted(text.string))
            code=$?
            end=$(date +%s%3N)
            printf '\\n### SENTRY {"type":"RESULT","id":"%s","exit":%d,"ms":%d}\\n' \\
                \(name(of: command)) "$code" "$((end - begin))"

            """
    }
}

/// The report of a command in what its pane printed.
struct ShellReport: Sendable, Equatable {
    var exitCode: Int32
    /// How long it ran; nil where the shell could not tell.
    var milliseconds: Int64?
    /// Where the report begins and ends in the bytes.
    var range: Range<Int>

    /// Looks for the report of the command of this name.
    static func find(_ name: String, in bytes: [UInt8]) -> ShellReport? {
        let start = Array("### SENTRY {\"type\":\"RESULT\",\"id\":\"\(name)\"".utf8)
        guard let begin = bytes.firstIndex(of: start),
            let end = bytes[begin...].firstIndex(of: UInt8(ascii: "}"))
        else { return nil }
        let json = Array(bytes[(begin + 11)...end])
        guard let object = (try? JSONValue.parse(bytes: json))?.object, let code = object["exit"]?.integer,
            let code = Int32(exactly: code)
        else { return nil }
        return ShellReport(
            exitCode: code, milliseconds: object["ms"]?.integer, range: begin..<end + 1)
    }
}

extension [UInt8] {
    /// Where `part` stands first.
    fileprivate func firstIndex(of part: [UInt8]) -> Int? {
        guard let first = part.first, count >= part.count else { return nil }
        var index = 0
        while let next = self[index...].firstIndex(of: first), next + part.count <= count {
            if self[next..<next + part.count].elementsEqual(part) { return next }
            index = next + 1
        }
        return nil
    }
}
