internal import ArgumentParser
internal import Config
internal import Core
internal import Daemon
internal import Fleet

struct Up: AgentCommand {
    static let configuration = CommandConfiguration(
        commandName: "up",
        abstract: "Start the daemon that watches this fleet",
        discussion: """
            It reads what the agents print, runs the policy and acts. One daemon per
            fleet; a killed one loses nothing.

              tmux-agent up
              tmux-agent up --foreground     for systemd and other supervisors
            """)

    @OptionGroup var global: GlobalOptions
    @Flag(name: .long, help: "Stay in this terminal") var foreground = false
    @OptionGroup var log: LogOptions

    func run(_ context: CommandContext) async throws {
        if foreground {
            return try await FleetDaemon(surroundings: context.surroundings, log: log.logger(context)).run()
        }
        let fleet = try await FleetContext.open(context.surroundings)
        for warning in fleet.warnings { context.console.warning(warning.rendered) }
        let control = DaemonControl(context: fleet)
        let pid = try await control.start()
        if let warning = try await PolicyStanding.now(in: fleet)?.warning { context.console.warning(warning) }
        let addresses = try await control.waitForAddresses(of: pid)
        context.console.render(
            DaemonView(pid: pid, state: "running", addresses: addresses), json: context.json)
    }
}

struct Down: AgentCommand {
    static let configuration = CommandConfiguration(
        commandName: "down",
        abstract: "Stop the daemon of this fleet",
        discussion: """
            The agents go on; what they print meanwhile is read when the daemon runs
            again.

              tmux-agent down
            """)

    @OptionGroup var global: GlobalOptions

    func run(_ context: CommandContext) async throws {
        let fleet = try await FleetContext.open(context.surroundings)
        let pid = try await DaemonControl(context: fleet).stop()
        context.console.render(DaemonView(pid: pid, state: "stopped"), json: context.json)
    }
}

private struct DaemonView: Renderable {
    var pid: Int32
    var state: String
    var addresses: DaemonControl.Addresses?

    var json: JSONValue {
        var object: JSONObject = ["pid": .integer(Int64(pid)), "state": .string(state)]
        guard state == "running" else { return .object(object) }
        object.set("dashboard", addresses?.dashboard?.login)
        object.set("portal", addresses?.portal?.login)
        return .object(object)
    }

    func text(_ style: Style) -> String {
        guard state == "running" else { return "Stopped the daemon (pid \(pid))." }
        var lines = ["The daemon watches this fleet (pid \(pid))."]
        if let address = addresses?.dashboard { lines.append("Dashboard: \(address.login)") }
        if let address = addresses?.portal { lines.append("Phone console: \(address.login)") }
        return lines.joined(separator: "\n")
    }
}
