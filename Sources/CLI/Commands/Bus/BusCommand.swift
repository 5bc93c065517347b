internal import ArgumentParser
internal import Config
internal import Core
internal import Fleet
internal import Notify
internal import SystemPackage

struct BusCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "bus", abstract: "Read what stands on the local bus",
        discussion: """
              tmux-agent bus show --since 1h
              tmux-agent bus export notifications > notifications.jsonl
            """,
        subcommands: [BusShow.self, BusExport.self])
}

/// Which lines of which bus.
struct BusOptions: ParsableArguments {
    @Argument(help: "notifications, commands or confirmations (default: all)") var file: String?
    @Option(name: .long, help: "From then on: a time such as 2026-11-22T08:30, or so long ago, such as 2h")
    var since: String?
    @Option(
        name: .long, help: "A hosts.yaml whose bus is read (default: that of this folder's fleet)",
        completion: .file())
    var config: String?

    func validate() throws {
        if let file, BusFile(rawValue: file) == nil {
            throw ValidationError(
                "'\(file)' is no file of the bus: use \(BusFile.allCases.map(\.rawValue).joined(separator: ", "))"
            )
        }
        if let since, DurationText.parse(since) == nil, Timestamp(iso8601: since) == nil {
            throw ValidationError("--since takes a time such as 2026-11-22T08:30, or so long ago, such as 2h")
        }
    }

    func entries(_ surroundings: Surroundings) async throws -> [BusHistory.Entry] {
        let start = since.flatMap { text in
            Timestamp(iso8601: text)
                ?? DurationText.parse(text).map { surroundings.now().advanced(by: .zero - $0) }
        }
        let files = file.flatMap(BusFile.init(rawValue:)).map { [$0] } ?? BusFile.allCases
        return try BusHistory(BusFolder(try await folder(surroundings))).entries(of: files, since: start)
    }

    private func folder(_ surroundings: Surroundings) async throws -> FilePath {
        guard let config else {
            return try await FleetContext.open(surroundings).configuration.watch.bus
        }
        let path = surroundings.workingDirectory.pushing(FilePath(config))
        return try HostsFile.load(path, places: Places(surroundings)).value.bus
    }
}

struct BusShow: AgentCommand {
    static let configuration = CommandConfiguration(
        commandName: "show", abstract: "Show the bus's lines by time",
        discussion: """
              tmux-agent bus show --since 10m
              tmux-agent bus show commands --json
            """)

    @OptionGroup var global: GlobalOptions
    @OptionGroup var options: BusOptions

    func run(_ context: CommandContext) async throws {
        let entries = try await options.entries(context.surroundings)
        context.console.render(BusView(entries: entries), json: context.json)
        if entries.isEmpty {
            context.console.hint("Nothing stands on the bus; 'local_bus' is a channel of [notify]")
        }
    }
}

struct BusExport: AgentCommand {
    static let configuration = CommandConfiguration(
        commandName: "export", abstract: "Print the bus's lines as JSON, one object a line",
        discussion: """
            Each object has the file that it stands in as 'bus'.

              tmux-agent bus export --since 2026-11-22 > bus.jsonl
            """)

    @OptionGroup var global: GlobalOptions
    @OptionGroup var options: BusOptions

    func run(_ context: CommandContext) async throws {
        for entry in try await options.entries(context.surroundings) {
            context.console.result(BusView.json(entry).serialized(sorted: true))
        }
    }
}

private struct BusView: Renderable {
    var entries: [BusHistory.Entry]

    var json: JSONValue { ["lines": .array(entries.map(Self.json))] }

    static func json(_ entry: BusHistory.Entry) -> JSONValue {
        var object = entry.line.object ?? JSONObject()
        object["bus"] = .string(entry.file.rawValue)
        return .object(object)
    }

    func text(_ style: Style) -> String { entries.map { line($0, style) }.joined(separator: "\n") }

    private func line(_ entry: BusHistory.Entry, _ style: Style) -> String {
        let object = entry.line.object ?? JSONObject()
        let time = entry.line.at.map(\.iso8601) ?? "-"
        func text(_ keys: String...) -> String {
            keys.compactMap { object[$0]?.string }.filter { !$0.isEmpty }.map(\.visible).joined(
                separator: " ")
        }
        let words =
            switch entry.file {
            case .notifications: [text("title"), text("body")].filter { !$0.isEmpty }.joined(separator: ": ")
            case .commands:
                "\(text("branch", "session", "pane_id")) <- "
                    + (object["text"]?.string.map { "\"\($0.visible)\"" }
                        ?? object["keys"]?.serialized() ?? "nothing")
            case .confirmations: text("branch", "action", "command", "approval")
            }
        return "\(style.dim(time)) \(style.heading(entry.file.rawValue)) \(words)"
    }
}
