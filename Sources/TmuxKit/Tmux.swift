internal import Core
public import ProcessKit
public import SystemPackage

/// The tmux binary on one server: makes every command line and runs it as a child process.
public struct Tmux: Sendable {
    public let address: TmuxServerAddress
    /// A path, or a name that is looked up in `PATH` of the environment.
    public let binary: String
    /// Read by a server that starts, in place of the user's configuration.
    public let configurationFile: FilePath?
    /// What tmux gets; a server that starts keeps it for all its panes.
    public let environment: [String: String]
    private let transport: TmuxTransport
    private let runner = CommandRunner()

    /// `environment` is the caller's; what must not reach a server is removed here.
    public init(
        address: TmuxServerAddress, binary: String = "tmux", configurationFile: FilePath? = nil,
        environment: [String: String], transport: TmuxTransport = .local
    ) {
        self.address = address
        self.transport = transport
        self.binary = binary
        self.configurationFile = configurationFile
        // TMUX and TMUX_PANE would make tmux think of the caller's pane. The rest would tell every later pane
        // of a server that it is the agent, or the stage's action, in which the server happened to be
        // started.
        self.environment = environment.filter { name, _ in
            name != "TMUX" && name != "TMUX_PANE" && !name.hasPrefix("TMUX_AGENT_")
                && !name.hasPrefix("AI_AGENT_")
        }
    }

    /// The one place where a tmux command line is made.
    public func command(
        _ arguments: [String], input: [UInt8]? = nil, workingDirectory: FilePath? = nil
    ) -> Command {
        // -u: without it tmux replaces every character beyond ASCII when the locale is not UTF-8.
        var all = ["-u", "-S", address.path.string]
        if let configurationFile { all += ["-f", configurationFile.string] }
        return transport.carry(
            Command(
                binary, all + arguments, environment: environment, workingDirectory: workingDirectory,
                input: input, timeout: .seconds(20)))
    }

    /// Runs a command list in a child process and returns the lines that it printed.
    public func run(_ list: TmuxCommandList, workingDirectory: FilePath? = nil) async throws(TmuxError)
        -> [String]
    {
        let (arguments, input) = list.forked
        let result: CommandResult
        do {
            result = try await runner.run(
                command(arguments, input: input, workingDirectory: workingDirectory))
        } catch {
            throw TmuxError(error)
        }
        switch result.termination {
        case .timedOut: throw .timedOut(command: list.summary)
        case .exited(0): return Self.lines(of: result.output)
        case .exited, .signaled:
            throw TmuxError(
                status: result.exitCode, message: result.errorText, command: list.summary,
                socket: address.path.string)
        }
    }

    /// The version of the binary; throws when it is missing or older than 3.2.
    ///
    /// A version that is not a number (`master`, `openbsd-7.4`) is taken for new enough.
    public func checkVersion() async throws(TmuxError) -> String {
        let result: CommandResult
        do {
            result = try await runner.run(
                transport.carry(Command(binary, ["-V"], environment: environment)))
        } catch {
            throw TmuxError(error)
        }
        let version = result.text.trimmingPrefix("tmux ").filter { !$0.isWhitespace }
        guard result.isSuccess, Self.isRecent(version) else { throw .tooOld(found: version) }
        return version
    }

    static func isRecent(_ version: String) -> Bool {
        let digits = version.trimmingPrefix("next-").prefix { $0.isNumber || $0 == "." }.split(separator: ".")
        guard let major = digits.first.flatMap({ Int($0) }) else { return !version.isEmpty }
        let minor = digits.dropFirst().first.flatMap { Int($0) } ?? 0
        return (major, minor) >= (3, 2)
    }

    /// Split on `\n` only: Unicode's other line ends are part of what panes print.
    static func lines(of bytes: [UInt8]) -> [String] {
        var parts = bytes.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
        if parts.last?.isEmpty == true { parts.removeLast() }
        return parts.map { String(decoding: $0, as: UTF8.self) }
    }
}
