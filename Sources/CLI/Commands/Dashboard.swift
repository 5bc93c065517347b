internal import ArgumentParser
internal import Core
internal import Daemon
internal import Fleet
internal import Logging
internal import SystemPackage

struct DashboardCommand: AgentCommand {
    static let configuration = CommandConfiguration(
        commandName: "dashboard",
        abstract: "Show the fleet in a browser",
        discussion: """
            Serves the page until Ctrl-C, also without a daemon. While a daemon runs, it
            serves the page already: --print shows its address with the login token.

              tmux-agent dashboard --print
              tmux-agent dashboard --port 9000
              tmux-agent dashboard --config hosts.yaml
            """)

    @OptionGroup var global: GlobalOptions
    @OptionGroup var place: ServerOptions
    @Flag(name: .customLong("print"), help: "Print the address of the daemon's own dashboard, and end")
    var printsAddress = false

    func run(_ context: CommandContext) async throws {
        if printsAddress { return try await place.showDaemon(.dashboard, context) }
        try await place.serve(.dashboard, context)
    }
}

struct PortalCommand: AgentCommand {
    static let configuration = CommandConfiguration(
        commandName: "portal",
        abstract: "Serve the phone console",
        discussion: """
            The same server as the dashboard's with another start page: notifications,
            questions, and a box to type to an agent. For other devices give it an address
            of this machine and a token.

              tmux-agent portal --print
              tmux-agent portal --host 192.0.2.7 --token "$(cat token)"
            """)

    @OptionGroup var global: GlobalOptions
    @OptionGroup var place: ServerOptions
    @Flag(name: .customLong("print"), help: "Print the address of the daemon's own console, and end")
    var printsAddress = false

    func run(_ context: CommandContext) async throws {
        if printsAddress { return try await place.showDaemon(.portal, context) }
        try await place.serve(.portal, context)
    }
}

/// Where a server of its own listens, and who it lets in.
struct ServerOptions: ParsableArguments {
    @Option(name: .long, help: "Address to listen on (default: that of fleet.toml)") var host: String?
    @Option(name: .long, help: "Port to listen on; 0 takes a free one") var port: Int?
    @Option(name: .long, help: "The login token, 16 bytes or more (default: fleet.toml's, else your own)")
    var token: String?
    @Option(name: .long, help: "The fleet's database (default: that of fleet.toml)") var db: String?
    @Option(
        name: .customLong("approval-dir"), help: "Where questions lie as files (default: that of fleet.toml)")
    var approvalFolder: String?
    @Option(name: .customLong("tmux-bin"), help: "The tmux program (default: that of fleet.toml)")
    var tmuxProgram: String?
    @Option(name: .customLong("tmux-socket"), help: "Name of the tmux server (default: that of fleet.toml)")
    var tmuxSocket: String?
    @Option(
        name: .customLong("config"),
        help:
            "The fleet.toml of another fleet than this folder's, or a hosts.yaml: the panes that 'run' watches",
        completion: .file())
    var configuration: String?
    @Option(name: .customLong("capture-lines"), help: .hidden) var captureLines: Int?
    @Option(
        name: .customLong("log-level"),
        help: "trace, debug, info, notice, warning, error or critical (default: LOG_LEVEL, else warning)")
    var logLevel: String?

    func validate() throws {
        if let port, !(0...65535).contains(port) {
            throw ValidationError("'\(port)' is no port: use 0 to 65535")
        }
        try LogOptions.check(logLevel)
    }

    func serve(_ page: WebRun.Page, _ context: CommandContext) async throws {
        var options = WebRun.Options(page: page, host: host, port: port, token: token)
        options.database = db.map { FilePath($0) }
        options.approvals = approvalFolder.map { FilePath($0) }
        options.tmuxProgram = tmuxProgram
        options.tmuxSocket = tmuxSocket
        var surroundings = context.surroundings
        if let configuration, ["yaml", "yml"].contains(FilePath(configuration).extension ?? "") {
            options.hosts = FilePath(configuration)
        } else if let configuration {
            surroundings.workingDirectory = surroundings.workingDirectory
                .pushing(FilePath(configuration)).removingLastComponent()
        }
        let run = WebRun(
            surroundings: surroundings, options: options,
            log: LogOptions.logger(logLevel, context, usual: .warning))
        try await run.run { address in
            context.console.render(ServerView(page: page, address: address), json: context.json)
        }
    }

    func showDaemon(_ page: WebRun.Page, _ context: CommandContext) async throws {
        let fleet = try await FleetContext.open(context.surroundings)
        let address = try DaemonControl(context: fleet).address(of: page)
        context.console.render(ServerView(page: page, address: address), json: context.json)
    }
}

private struct ServerView: Renderable {
    var page: WebRun.Page
    var address: ShownAddress

    var json: JSONValue { [page.rawValue: .string(address.login), "url": .string(address.url)] }

    func text(_ style: Style) -> String { address.login }
}
