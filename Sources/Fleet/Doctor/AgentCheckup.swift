internal import Core
internal import GitKit
internal import ProcessKit
internal import Store
internal import SystemPackage
internal import TmuxKit

/// Compares one agent's row with git and tmux; the agent's lock is held while it looks.
struct AgentCheckup {
    let context: FleetContext
    /// Nil when tmux cannot be asked.
    let panes: [PaneSnapshot]?
    /// Linked worktrees by their real paths, as they were before the first agent was looked at.
    private let worktrees: [FilePath: WorktreeSnapshot]

    init(context: FleetContext, panes: [PaneSnapshot]?) async throws {
        self.context = context
        self.panes = panes
        worktrees = try await Self.worktrees(context)
    }

    private static func worktrees(_ context: FleetContext) async throws -> [FilePath: WorktreeSnapshot] {
        let linked = try await context.repository.worktrees().filter { !$0.isMain }
        return Dictionary(linked.map { (PlacedFiles.real($0.path), $0) }, uniquingKeysWith: { $1 })
    }

    func findings(_ agent: Agent) async throws -> [Finding] {
        let own = (panes ?? []).filter { $0.agent == agent.id }
        let pane = own.first { !$0.isDead } ?? own.first
        switch agent.spawn.phase {
        case .planned, .branch, .worktree, .setup: return [try await killedSpawn(agent)]
        case .session, .briefing: return panes == nil ? [] : [try await killedStart(agent, pane)]
        case .removing: return [try await killedRemoval(agent)]
        case .ready: return try await tree(agent, pane) + (panes == nil ? [] : terminal(agent, pane))
        }
    }

    // MARK: - Killed commands

    /// The program never ran: what was made is taken back when nobody has worked there.
    private func killedSpawn(_ agent: Agent) async throws -> Finding {
        let branch = agent.place.branch
        let problem = "The spawn of '\(branch)' was killed in its phase '\(agent.spawn.phase.rawValue)'"
        let leftover = try await context.repository.leftovers().first { $0.branch?.rawValue == branch }
        let finish = "'tmux-agent spawn \(branch)' finishes it"
        switch leftover?.advice {
        case .wait(let pid):
            return Finding(
                .killedSpawn, branch, problem, remedy: "Wait for process \(pid), which works in it")
        case .keep(let reason):
            return Finding(.killedSpawn, branch, "\(problem), and \(reason)", remedy: finish)
        case nil, .finish, .remove: break
        }
        if leftover == nil, try await !AgentTree(agent, context: context).look(keepsBranch: false).isSafe {
            return Finding(.killedSpawn, branch, "\(problem), and there is work in it", remedy: finish)
        }
        return Finding(
            .killedSpawn, branch, problem, remedy: "Take back what it made; \(finish) instead"
        ) { try await takeBack(agent) }
    }

    private func takeBack(_ found: Agent) async throws {
        let lock = try context.agentLock(branch: found.place.branch)
        defer { withExtendedLifetime(lock) {} }
        guard let agent = try await context.store.agent(found.id), agent.spawn == found.spawn else { return }
        try await Remover(context: context).clearLeftover(of: agent)
        let tree = try AgentTree(agent, context: context)
        let look = try await tree.look(keepsBranch: false)
        guard look.isSafe else {
            throw FleetError.wouldLose(branch: agent.place.branch, losses: look.losses.map(\.words))
        }
        _ = try await tree.remove(look)
        try await context.store.discard(agent.id)
    }

    /// Killed around the program's start: a living pane is briefed, a dead one is written down, none is taken back.
    private func killedStart(_ agent: Agent, _ pane: PaneSnapshot?) async throws -> Finding {
        let branch = agent.place.branch
        guard let pane else {
            if agent.spawn.phase == .session, agent.generation == 0 { return try await killedSpawn(agent) }
            return Finding(
                .killedSpawn, branch, "The spawn of '\(branch)' was killed, and its session is gone",
                remedy: "Write that down; 'tmux-agent spawn \(branch)' starts it again"
            ) { try await settle(agent, AgentCondition(.gone, since: context.surroundings.now())) }
        }
        guard !pane.isDead else {
            let isOwed = agent.spawn.phase == .briefing
            return Finding(
                .killedSpawn, branch,
                isOwed
                    ? "The program of '\(branch)' ended before it was briefed"
                    : "The spawn of '\(branch)' was killed, and its program has ended",
                remedy: "Write that down; 'tmux-agent spawn \(branch)' starts it again"
            ) { try await settle(agent, condition(of: pane)) }
        }
        return Finding(
            .killedSpawn, branch, "The briefing of '\(branch)' was not delivered",
            remedy: "Finish it: deliver the briefing, once"
        ) {
            let request = SpawnRequest(branch: branch).filled(from: agent)
            _ = try await Spawner(context: context).spawn(request)
        }
    }

    private func settle(_ agent: Agent, _ condition: AgentCondition) async throws {
        try await context.store.recordCondition(agent.id, condition, source: "doctor")
        try await context.store.setPhase(.ready, of: agent.id, spawner: nil)
    }

    /// Finished when nothing would be lost or the folder is gone already; else it is an agent again.
    private func killedRemoval(_ agent: Agent) async throws -> Finding {
        let branch = agent.place.branch
        let look = try await AgentTree(agent, context: context).look(keepsBranch: false)
        let problem = "The removal of '\(branch)' was killed half-way"
        if look.isSafe || (look.worktree == nil && look.unknownFolder == nil) {
            let rescue = look.isSafe ? "" : ", and keep its commits under refs/tmux-agent/rescue/"
            return Finding(.killedRemoval, branch, problem, remedy: "Finish it\(rescue)") {
                let lock = try context.agentLock(branch: branch)
                defer { withExtendedLifetime(lock) {} }
                let request = RemovalRequest(name: agent.id.rawValue, isForced: true)
                _ = try await Remover(context: context).remove(agent, request)
            }
        }
        return Finding(
            .killedRemoval, branch,
            "\(problem), and there is work in it: \(look.losses.map(\.words).joined(separator: "; "))",
            remedy: "Make it an agent again; 'tmux-agent rm \(branch) --force' removes it and keeps the work"
        ) { try await context.store.setPhase(.ready, of: agent.id, spawner: nil) }
    }

    // MARK: - Git

    private func tree(_ agent: Agent, _ pane: PaneSnapshot?) async throws -> [Finding] {
        guard !agent.place.usesMainCheckout, let branch = try? BranchName(agent.place.branch) else {
            return []
        }
        let place = PlacedFiles.real(agent.place.worktree)
        var entry = worktrees[place]
        // Made or changed while others were looked at, perhaps.
        if entry?.branch != branch { entry = try await Self.worktrees(context)[place] }
        let hasBranch =
            if case .local = try await context.repository.lookUp(branch).place { true } else { false }
        var found: [Finding] = []
        if !hasBranch {
            found.append(
                Finding(
                    .branchMissing, branch.rawValue, "The branch '\(branch)' of an agent is gone",
                    remedy:
                        "Make it again with 'git branch \(branch) <commit>', or run 'tmux-agent rm \(branch)'"
                ))
        }
        guard Files.exists(agent.place.worktree) else {
            found.append(worktreeMissing(agent, isPossible: hasBranch && (pane?.isDead ?? true)))
            return found
        }
        guard let entry else {
            found.append(
                Finding(
                    .entryMissing, branch.rawValue,
                    "Git does not know the worktree of '\(branch)': \(agent.place.worktree)",
                    remedy: "Run 'git worktree repair \(agent.place.worktree)', or save what is needed and "
                        + "'tmux-agent rm \(branch) --force'"))
            return found
        }
        if hasBranch, let other = entry.head, other.branch != branch {
            let name = other.branch.map { "on '\($0)'" } ?? "on no branch"
            found.append(
                Finding(
                    .otherBranch, branch.rawValue, "The worktree of '\(branch)' is \(name)",
                    remedy:
                        "Run 'git switch \(branch)' in \(agent.place.worktree) when its work there is done"))
        }
        return found
    }

    private func worktreeMissing(_ agent: Agent, isPossible: Bool) -> Finding {
        let branch = agent.place.branch
        let problem = "The worktree folder of '\(branch)' is gone: \(agent.place.worktree)"
        guard isPossible else {
            return Finding(
                .worktreeMissing, branch, problem, remedy: "Run 'tmux-agent rm \(branch)' to remove the rest")
        }
        return Finding(
            .worktreeMissing, branch, problem, remedy: "Fill it again from the branch"
        ) {
            let lock = try context.agentLock(branch: branch)
            defer { withExtendedLifetime(lock) {} }
            _ = try await Spawner(context: context).remakeWorktree(of: agent)
        }
    }

    // MARK: - tmux

    private func terminal(_ agent: Agent, _ pane: PaneSnapshot?) -> [Finding] {
        // A daemon does all of this by itself, and knows more.
        if (try? context.isWatched()) == true { return [] }
        let branch = agent.place.branch
        guard let pane else {
            guard agent.condition.state != .gone else { return [] }
            return [
                stateWrong(
                    agent, AgentCondition(.gone, since: context.surroundings.now()), "its session is gone")
            ]
        }
        var found: [Finding] = []
        if agent.pane?.pane != pane.id || agent.pane?.server != pane.server {
            found.append(
                Finding(
                    .paneMoved, branch,
                    "The pane of '\(branch)' is \(pane.id) and not the one that was written down",
                    remedy: "Write it down"
                ) {
                    let process = pane.program().map { RecordedProcess($0.identity) }
                    let now = RecordedPane(server: pane.server, pane: pane.id, process: process)
                    try await context.store.update(agent.id) { $0.pane = now }
                })
        }
        let state = agent.condition.state
        if pane.isDead, state != .exited {
            found.append(stateWrong(agent, condition(of: pane), "its program has ended"))
        } else if !pane.isDead, state == .exited || state == .gone {
            let now = AgentCondition(.unknown, since: context.surroundings.now())
            found.append(stateWrong(agent, now, "its program runs"))
        }
        if !pane.isDead, let finding = tap(agent, pane) { found.append(finding) }
        return found
    }

    private func stateWrong(_ agent: Agent, _ condition: AgentCondition, _ truth: String) -> Finding {
        let branch = agent.place.branch
        return Finding(
            .stateWrong, branch,
            "'\(branch)' is written down as \(agent.condition.state.rawValue), but \(truth)",
            remedy: "Write down that it is \(condition.state.rawValue)"
        ) { try await context.store.recordCondition(agent.id, condition, source: "doctor") }
    }

    private func tap(_ agent: Agent, _ pane: PaneSnapshot) -> Finding? {
        let branch = agent.place.branch
        let tap = agent.tap ?? context.logs.appending("\(agent.id).tap")
        do {
            let server = TmuxServer(
                try context.tmux(of: RecordedPane(server: pane.server, pane: pane.id, process: nil)))
            switch server.tapState(pane) {
            case .alive, .unknown: return nil
            case .foreign:
                return Finding(
                    .tapDead, branch,
                    "The pane of '\(branch)' is piped to another program, so nothing reads it",
                    remedy: "End that with 'tmux pipe-pane -t \(pane.id)', then run 'tmux-agent doctor --fix'"
                )
            case .none, .silent:
                return Finding(
                    .tapDead, branch, "What '\(branch)' prints is not recorded: its pipe is dead",
                    remedy: "Arm it again; what was printed meanwhile is lost"
                ) { _ = try await server.armTap(pane, to: tap) }
            }
        } catch {
            return Finding(
                .tapDead, branch, "The pipe of '\(branch)' cannot be looked at: \(error)", remedy: "")
        }
    }

    private func condition(of pane: PaneSnapshot) -> AgentCondition {
        AgentCondition(.exited, exitStatus: pane.end?.exitStatus, since: context.surroundings.now())
    }
}
