internal import Core
internal import Fleet
internal import GitKit
internal import Logging
internal import ProcessKit
internal import Store
internal import SystemPackage
internal import TerminalKit

extension Watcher {
    /// Takes up agents that came, and lets go of those that were removed.
    func loadAgents() async throws {
        let rows = try await store.agents()
        let known = Set(rows.map(\.id))
        for (id, watch) in agents where !known.contains(id) {
            // The store has ended its runs already; the journal says of each that and why.
            try await decide(.subjectGone, for: watch)
            agents[id] = nil
            tapNames = tapNames.filter { $0.value != id }
            _ = parts.echoes.take(for: .agent(id))
        }
        let heads = rows.allSatisfy { agents[$0.id] != nil } ? [:] : await heads()
        for row in rows {
            if let watch = agents[row.id] {
                try await take(row, into: watch)
            } else {
                try await add(row, head: heads[row.place.worktree])
            }
        }
        agentsChanged = false
        nextSweep = .longAgo
    }

    /// What is checked out where; a repository that cannot be read leaves the branches as they were spawned.
    private func heads() async -> [FilePath: Head] {
        guard let trees = try? await context.repository.worktrees() else { return [:] }  // said by doctor
        return Dictionary(trees.compactMap { tree in tree.head.map { (tree.path, $0) } }) { $1 }
    }

    private func add(_ row: Agent, head: Head?) async throws {
        let facts = row.facts(branch: head?.branch?.rawValue, commit: head?.commit?.rawValue)
        let machine = PolicyMachine(
            policy: policy.policy, facts: facts, runs: try await store.runs(of: row.subject))
        let position = try await store.tapPosition(of: row.subject)
        let watch = AgentWatch(agent: row, machine: machine, position: position)
        agents[row.id] = watch
        if let name = row.tap?.lastComponent?.string { tapNames[name] = row.id }
    }

    /// The row may have changed: a restart makes another generation of the agent.
    private func take(_ row: Agent, into watch: AgentWatch) async throws {
        let isRestarted = row.generation != watch.agent.generation
        if row.tap != watch.agent.tap { watch.follower = nil }
        watch.agent = row
        if let name = row.tap?.lastComponent?.string { tapNames[name] = row.id }
        guard isRestarted else { return }
        watch.end = nil
        watch.debouncer = StateDebouncer(accepted: .init(state: .starting))
        watch.dialogs = DialogSightings()
        (watch.hasMoreBytes, watch.isUnjudged) = (true, true)
        let started = Signal.Body.state(.starting, waitingFor: nil, exitStatus: nil)
        try await decide(.signal(Signal(subject: row.subject, at: now, body: started)), for: watch)
    }

    /// Looks at one agent: its new bytes, its state, its deadlines.
    ///
    /// A failure delays this agent only.
    func visit(_ id: AgentID) async {
        guard databaseTrouble == nil, let watch = agents[id], let deadline = watch.nextDeadline,
            deadline <= now
        else { return }
        let name = "agent \(watch.agent.place.branch.visible)"
        do {
            if watch.isStale { try await reload(watch) }
            try await read(watch)
            try await judge(watch)
            try await brief(watch)
            try await begin(watch)
            try await tick(watch)
            check(watch)
            (watch.pausedUntil, watch.failures) = (nil, 0)
            worked(name)
        } catch {
            watch.failures += 1
            let pause = Duration.milliseconds(200 * (1 << min(watch.failures, 7)))
            watch.pausedUntil = now.advanced(by: pause)
            (watch.isStale, watch.isUnjudged) = (true, true)
            failed(name, error)
        }
    }

    /// What was read or decided but not written is read and decided again.
    private func reload(_ watch: AgentWatch) async throws {
        let subject = watch.agent.subject
        let runs = try await store.runs(of: subject)
        let position = try await store.tapPosition(of: subject)
        watch.progress = TapProgress(committed: position?.offset ?? 0)
        watch.committedGeneration = position?.generation
        watch.machine = PolicyMachine(policy: policy.policy, facts: watch.machine.facts, runs: runs)
        watch.follower = nil
        (watch.hasMoreBytes, watch.isStale) = (true, false)
    }

    /// A spawn that was killed delivers nothing more.
    private func checkSpawner(_ watch: AgentWatch) {
        guard watch.agent.spawn.phase == .briefing, let spawner = watch.agent.spawn.spawner,
            watch.spawnerCheckAt.map({ $0 <= now }) ?? true
        else { return }
        if ProcessTable.isAlive(spawner.identity) {
            watch.spawnerCheckAt = now.advanced(by: AgentWatch.spawnerPause)
        } else {
            (watch.agent.spawn.spawner, watch.spawnerCheckAt) = (nil, nil)
        }
    }

    /// Orders the briefing that the spawn could not deliver.
    private func brief(_ watch: AgentWatch) async throws {
        checkSpawner(watch)
        guard watch.mayBeBriefed else { return }
        var step = WatchStep()
        do {
            step.outbox = try [Briefing.order(for: watch.agent, in: context, at: now)].compactMap(\.self)
        } catch {
            // Nobody will make the template again; 'send' is left.
            let reason = (error as? any UserFacingError)?.message ?? "\(error)"
            log.error("agent \(watch.agent.place.branch.visible): not briefed: \(reason)")
        }
        try await store.commit(step, for: watch.agent.subject, at: now)
        try await store.setPhase(.ready, of: watch.agent.id, spawner: nil)
        watch.agent.spawn.phase = .ready
        parts.wakeHands()
    }

    /// Tells the policies of an agent that is ready, once: those that wait for no signal begin.
    private func begin(_ watch: AgentWatch) async throws {
        guard watch.mayBegin else { return }
        try await decide(.tick, for: watch)
        watch.hasBegun = true
    }

    /// Asks whether tmux shows the same, when the pane has been quiet for long enough.
    private func check(_ watch: AgentWatch) {
        guard let due = watch.checkAt, due <= now else { return }
        watch.checkAt = nil
        guard let follower = watch.follower, let pane = watch.agent.pane, watch.end == nil,
            !follower.isBehind, follower.reader.screen.isAtGround
        else { return }
        watch.lastChecked = now
        parts.panes.request(
            .screen(
                ScreenQuestion(
                    agent: watch.agent.id, pane: pane, tap: follower.path, offset: follower.offset,
                    size: follower.size, rows: follower.reader.screen.rows)))
    }
}
