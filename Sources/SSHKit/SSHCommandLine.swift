internal import Core
internal import ProcessKit
internal import SystemPackage

/// Every argument list of `ssh`.
///
/// What hosts.yaml does not say is left to the user's own ssh configuration: jump hosts, keys, ports, users, known hosts.
struct SSHCommandLine: Sendable {
    let settings: SSHSettings
    /// Of this process: `ssh` finds its agent by it, and is itself found in its `PATH`.
    let environment: [String: String]

    /// The connection itself, which runs `line` there and carries the others through `socket`.
    func master(socket: FilePath, line: String) -> Command {
        let seconds = max(1, (settings.timeout.inMilliseconds + 999) / 1000)
        var words = ["-M", "-S", socket.string] + Self.always
        words += [
            "ConnectTimeout=\(seconds)", "ServerAliveInterval=\(max(1, seconds / 3))",
            "ServerAliveCountMax=3",
            "ControlPersist=no", "ClearAllForwardings=yes", "PermitLocalCommand=no", "RemoteCommand=none",
        ].flatMap { ["-o", $0] }
        if let port = settings.port { words += ["-p", String(port)] }
        if let user = settings.user { words += ["-l", user] }
        // Without IdentitiesOnly an agent with many keys is refused before this one is tried.
        if let key = settings.key { words += ["-i", key.string, "-o", "IdentitiesOnly=yes"] }
        return Command("ssh", words + ["--", settings.host, line], environment: environment)
    }

    /// One more session of the connection behind `socket`; never a connection of its own.
    func session(socket: FilePath, line: String, like command: Command) -> Command {
        let words =
            ["-F", "none", "-S", socket.string] + Self.always
            + ["-o", "ControlMaster=no", "-o", "ProxyCommand=false", "--", settings.host, line]
        return Command(
            "ssh", words, environment: environment, input: command.input, timeout: command.timeout,
            outputLimit: command.outputLimit)
    }

    /// No terminal, no forwarding, no questions, and only errors are said.
    private static let always = [
        "-T", "-a", "-x", "-o", "BatchMode=yes", "-o", "LogLevel=ERROR", "-o", "RequestTTY=no",
    ]
}
