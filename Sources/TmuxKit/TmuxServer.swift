public import Core
internal import ProcessKit

/// A tmux server as the rest of the program sees it: one place to ask and to order, whatever road it takes.
///
/// With a connected control client an answer takes about a tenth of a millisecond; otherwise each order is a
/// child process of some milliseconds.
public struct TmuxServer: Sendable {
    public let tmux: Tmux
    let control: ControlClient?
    private let measure: (@Sendable (Duration) -> Void)?

    /// Without a control client every order goes through a child process.
    ///
    /// `measure` is told how long each answer took.
    public init(
        _ tmux: Tmux, control: ControlClient? = nil, measure: (@Sendable (Duration) -> Void)? = nil
    ) {
        self.tmux = tmux
        self.control = control
        self.measure = measure
    }

    /// Runs a command list and returns the lines that it printed.
    ///
    /// When the control client is lost before its answer, a `repeatable` list runs again as a child process;
    /// for any other the loss is an error, because the list may have run.
    public func run(_ list: TmuxCommandList, repeatable: Bool = true) async throws(TmuxError) -> [String] {
        let start = ContinuousClock.now
        defer { measure?(ContinuousClock.now - start) }
        if let control, control.isConnected {
            do {
                return try await control.run(list)
            } catch .connectionLost(let command) {
                guard repeatable else { throw .connectionLost(command: command) }
            }
        }
        let lines = try await tmux.run(list)
        control?.connectSoon()
        return lines
    }

    /// The panes of this server, without names, in the order tmux lists them; none when no server runs.
    ///
    /// A pane whose program has ended is included while tmux keeps it (`remain-on-exit`).
    public func panes() async throws(TmuxError) -> [PaneSnapshot] {
        let list: TmuxCommandList = [["list-panes", "-a", "-F", PaneFormat.withoutNames]]
        do {
            let panes = try Self.snapshots(try await run(list))
            guard panes.contains(where: { $0.end == .unknown }) else { return panes }
            try await collectChildren()
            return try Self.snapshots(try await run(list))
        } catch .noServer {
            return []
        }
    }

    /// Makes tmux ask the kernel for all its children that have ended.
    ///
    /// Before 3.6, a tmux built with utempter (Debian's is) misses the signal of a program that ends while it takes the
    /// program's terminal out of utmp: the program stays a zombie and the pane without a status until another child of
    /// tmux ends, which is what this arranges (<https://github.com/tmux/tmux/issues/4559>).
    func collectChildren() async throws(TmuxError) {
        do {
            _ = try await run([["run-shell", "exit 0"]])
        } catch .noServer {
        }
    }

    /// As `panes`, once tmux knows how the programs of dead panes ended.
    ///
    /// That is a moment after it shows them dead; an end that is still unknown after a quarter of a second stays so.
    public func panesWithEnds() async throws(TmuxError) -> [PaneSnapshot] {
        let deadline = ContinuousClock.now.advanced(by: .milliseconds(250))
        while true {
            let panes = try await panes()
            guard panes.contains(where: { $0.end == .unknown }), ContinuousClock.now < deadline else {
                return panes
            }
            do {
                try await Task.sleep(for: .milliseconds(10))
            } catch {
                return panes
            }
        }
    }

    /// The pane of an agent: the living one if there are several.
    public func pane(of agent: AgentID) async throws(TmuxError) -> PaneSnapshot? {
        let own = try await panes().filter { $0.agent == agent }
        return own.first { !$0.isDead } ?? own.first
    }

    /// The rows that a pane shows, without spaces at their ends; `history` rows of scrollback come before them.
    public func rows(of address: PaneAddress, history: Int = 0) async throws(TmuxError) -> [String] {
        let target = address.pane.description
        let capture: TmuxCommand = ["capture-pane", "-p", "-t", target, "-S", "-\(history)"]
        let refused = Refusal.otherServer.rawValue
        let lines = try await run([Self.guarded(address, living: false, [capture])])
        guard lines != [refused] else { throw .otherServer(socket: address.server.socket) }
        return lines
    }

    /// Which life of the server this is; nil when none runs.
    public func identity() async throws(TmuxError) -> TmuxServerID? {
        do throws(TmuxError) {
            let lines = try await run([["display-message", "-p", "#{pid} #{start_time} #{socket_path}"]])
            let parts = (lines.first ?? "").split(separator: " ", maxSplits: 2)
            guard parts.count == 3, let pid = Int32(parts[0]), let start = Int64(parts[1]) else {
                throw .unexpectedOutput(command: "display-message", line: lines.first ?? "")
            }
            return TmuxServerID(socket: String(parts[2]), pid: pid, startTime: start)
        } catch .noServer {
            return nil
        }
    }

    static func snapshots(_ lines: [String]) throws(TmuxError) -> [PaneSnapshot] {
        var panes: [PaneSnapshot] = []
        for line in lines {
            guard let pane = PaneFormat.parse(line) else {
                throw .unexpectedOutput(command: "list-panes", line: line)
            }
            panes.append(pane)
        }
        return panes
    }

    /// Commands that run only on the server that `address` means and, if asked for, while the pane's program
    /// lives.
    static func guarded(
        _ address: PaneAddress, living: Bool, _ commands: [TmuxCommand], cleanUp: [TmuxCommand] = []
    ) -> TmuxCommand {
        let target = address.pane.description
        let inner = living ? [guardedDead(target, commands, cleanUp: cleanUp)] : commands
        return .when(
            "#{==:#{pid} #{start_time},\(address.server.pid) \(address.server.startTime)}", in: target,
            then: inner, otherwise: cleanUp + [.say(Refusal.otherServer.rawValue)])
    }

    /// Commands that run only while the pane's program lives.
    ///
    /// Without this test, `paste-buffer` into a dead pane ends a tmux 3.3a server with all its sessions.
    static func guardedDead(_ target: String, _ commands: [TmuxCommand], cleanUp: [TmuxCommand])
        -> TmuxCommand
    {
        .when(
            "#{pane_dead}", in: target, then: cleanUp + [.say(Refusal.dead.rawValue)], otherwise: commands)
    }

    /// Words that a guarded list prints when it did nothing.
    enum Refusal: String {
        case dead = "ta-dead"
        case otherServer = "ta-other-server"
    }

    /// Runs a guarded list and turns its refusals into errors; returns the last line it printed.
    func runGuarded(_ list: TmuxCommandList, at address: PaneAddress) async throws(TmuxError) -> String {
        let last = try await run(list).last ?? ""
        switch Refusal(rawValue: last) {
        case .dead: throw .paneDead(address.pane)
        case .otherServer: throw .otherServer(socket: address.server.socket)
        case nil: return last
        }
    }
}
