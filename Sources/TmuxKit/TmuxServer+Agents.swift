public import Core

extension TmuxServer {
    /// Starts an agent in a session of its own: one command list, so that no byte it prints is lost.
    ///
    /// The pane stays when the program ends. A server is started if none runs. Throws `sessionTaken` with the name's
    /// owner when the session exists. Always a child process: tmux gives a new session some of its issuer's environment.
    public func startAgent(_ session: AgentSession) async throws(TmuxError) -> PaneSnapshot {
        try tmux.address.prepareFolder()
        let target = "=\(session.name):"
        // Without -c the session starts where the client was started; -c would be expanded as a format.
        var create = TmuxCommand([
            "new-session", "-d", "-s", TmuxFormat.escape(session.name.rawValue, expandsTime: false),
            "-n", TmuxFormat.escape(session.windowName, expandsTime: false),
            "-x", String(session.columns), "-y", String(session.rows),
        ])
        create.words += session.environmentArguments + ["--"] + session.paneCommand
        let commands =
            [create, ["set-option", "-w", "-t", target, "remain-on-exit", "on"]]
            + Tap.pipe(session.tap, in: target)
            + [
                [
                    "set-option", "-p", "-t", target, PaneOption.agent,
                    TmuxFormat.name(session.agent.rawValue),
                ],
                ["set-option", "-w", "-t", target, "window-size", "latest"],
                // A title that the program chooses must not take the window's name away: policies match it.
                ["set-option", "-w", "-t", target, "allow-rename", "off"],
                // A user who has it on would lose the agent's session at birth.
                ["set-option", "-t", target, "destroy-unattached", "off"],
            ]
            + Tap.sizeHooks(session.tap, in: target)
            + [["list-panes", "-t", target, "-F", PaneFormat.format]]
        let lines: [String]
        do {
            lines = try await tmux.run(
                TmuxCommandList(commands), workingDirectory: session.workingDirectory)
        } catch .duplicateSession {
            throw .sessionTaken(session.name, by: try await owner(of: session.name))
        }
        control?.connectSoon()
        guard let pane = try Self.snapshots(lines).first else {
            throw .unexpectedOutput(command: "new-session", line: "")
        }
        return pane
    }

    /// Starts an agent's program again in the pane in which it ended.
    ///
    /// The pane keeps its scrollback, its session and a living pipe; a dead pipe is armed before the program can print.
    /// Throws `paneRunning` when the program lives.
    public func restartAgent(_ session: AgentSession, in address: PaneAddress) async throws(TmuxError)
        -> PaneSnapshot
    {
        let target = address.pane.description
        let respawn = TmuxCommand(
            ["respawn-pane", "-k", "-t", target] + session.environmentArguments + ["--"]
                + session.paneCommand)
        let commands: [TmuxCommand] = [
            .when(
                "#{pane_dead}", in: target,
                then: [
                    respawn,
                    .when(
                        "#{pane_pipe}", in: target, then: [], otherwise: Tap.pipe(session.tap, in: target)),
                    [
                        "set-option", "-p", "-t", target, PaneOption.agent,
                        TmuxFormat.name(session.agent.rawValue),
                    ],
                    ["display-message", "-p", "-t", target, PaneFormat.format],
                ], otherwise: [.say("ta-running")])
        ]
        let line = try await runGuarded([Self.guarded(address, living: false, commands)], at: address)
        guard line != "ta-running" else { throw .paneRunning(address.pane) }
        guard let pane = PaneFormat.parse(line) else {
            throw .unexpectedOutput(command: "respawn-pane", line: line)
        }
        return pane
    }

    /// Removes an agent's pane, and with it its session when nothing else is in there.
    ///
    /// Nothing happens when the pane now belongs to another agent or is gone; the program gets a hangup.
    public func removePane(_ address: PaneAddress, of agent: AgentID) async throws(TmuxError) {
        let target = address.pane.description
        let kill = TmuxCommand.when(
            "#{==:#{\(PaneOption.agent)},\(TmuxFormat.name(agent.rawValue))}", in: target,
            then: [["kill-pane", "-t", target]], otherwise: [])
        do {
            _ = try await runGuarded([Self.guarded(address, living: false, [kill])], at: address)
        } catch .noServer {
        } catch .noPane {
        } catch .otherServer {
        }
    }

    /// The agent whose pane is in a session; nil for a session that is not ours.
    public func owner(of name: SessionName) async throws(TmuxError) -> AgentID? {
        try await panes().first { $0.session == name && $0.agent != nil }?.agent
    }
}
