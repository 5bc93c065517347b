internal import Core
internal import Fleet
internal import Logging
internal import ProcessKit
internal import Store
internal import SystemPackage
internal import TerminalKit
internal import TmuxKit

extension Watcher {
    /// Takes up agents that came, and lets go of those that were removed.
    func loadAgents() async throws {
        agentsChanged = false
        let rows = try await store.agents()
        let known = Set(rows.map(\.id))
        for (id, watch) in agents where !known.contains(id) {
            agents[id] = nil
            tapNames = tapNames.filter { $0.value != id }
            try await decide(.subjectGone, for: watch)
        }
        for row in rows {
            if let watch = agents[row.id] {
                take(row, into: watch)
            } else {
                try await add(row)
            }
        }
        servers.connectSoon()
        nextSweep = Timestamp(milliseconds: 0)
    }

    private func add(_ row: Agent) async throws {
        let machine = PolicyMachine(
            policy: policy.policy, facts: AgentWatch.facts(row, title: nil),
            runs: try await store.runs(of: row.subject))
        let position = try await store.tapPosition(of: row.subject)
        let watch = AgentWatch(agent: row, machine: machine, position: position)
        agents[row.id] = watch
        if let name = row.tap?.lastComponent?.string { tapNames[name] = row.id }
    }

    /// The row may have changed: a restart makes another generation of the agent.
    private func take(_ row: Agent, into watch: AgentWatch) {
        let isRestarted = row.generation != watch.agent.generation
        watch.agent = row
        if let name = row.tap?.lastComponent?.string { tapNames[name] = row.id }
        guard isRestarted else { return }
        watch.end = nil
        watch.debouncer = StateDebouncer(accepted: .init(state: .starting))
        watch.hasMoreBytes = true
    }

    /// Opens the tap at the stored position; nil while tmux has not made the file.
    private func follower(of watch: AgentWatch) async throws -> TapFollower? {
        if let follower = watch.follower { return follower }
        guard let tap = watch.agent.tap, Files.exists(tap) else { return nil }
        let settings = context.configuration.tmux
        let keyframe = try await store.keyframe(of: watch.agent.subject, upTo: watch.committed)
        watch.follower = try TapFollower(
            path: tap, kind: AgentKind(watch.agent.program.kind),
            size: TerminalSize(columns: settings.columns, rows: settings.rows), position: watch.committed,
            keyframe: keyframe)
        watch.lastKeyframe = keyframe?.offset ?? 0
        return watch.follower
    }

    /// Looks at one agent: its new bytes, its state, its deadlines. A failure delays this agent only.
    func visit(_ id: AgentID) async {
        guard let watch = agents[id], let deadline = watch.nextDeadline, deadline <= now else { return }
        do {
            try await read(watch)
            try await judge(watch)
            try await tick(watch)
            (watch.pausedUntil, watch.failures) = (nil, 0)
        } catch {
            watch.failures += 1
            let pause = Duration.milliseconds(200 * (1 << min(watch.failures, 7)))
            watch.pausedUntil = now.advanced(by: pause)
            // What was read but not written is read again.
            watch.follower = nil
            watch.machine = await reloadedMachine(watch)
            let reason = (error as? any UserFacingError)?.message ?? "\(error)"
            log.error("agent \(watch.agent.place.branch.visible): \(reason)")
        }
    }

    /// The machine as the database has it; as it stands when the database cannot be read either.
    private func reloadedMachine(_ watch: AgentWatch) async -> PolicyMachine {
        guard let runs = try? await store.runs(of: watch.agent.subject) else { return watch.machine }
        return PolicyMachine(policy: policy.policy, facts: watch.machine.facts, runs: runs)
    }

    private func read(_ watch: AgentWatch) async throws {
        guard watch.hasMoreBytes || watch.isUnsettled else { return }
        guard var follower = try await follower(of: watch) else {
            watch.hasMoreBytes = false
            return
        }
        follower.reader.wantsLines = watch.machine.policy.asksForLines
        var readings: [Reading] = []
        if watch.hasMoreBytes {
            if let size = Files.size(follower.path), size < watch.committed {
                return try await restartTap(watch, lost: watch.committed - size)
            }
            let before = follower.offset
            readings = try follower.read()
            watch.hasMoreBytes = follower.offset - before == TapFollower.chunk
            if follower.offset > before {
                (watch.lastBytes, watch.isUnsettled, watch.isUnjudged) = (now, true, true)
                watch.quietAt = now.advanced(by: AgentWatch.genericIdlePause)
            }
        }
        var isSettled = false
        if watch.isUnsettled, !watch.hasMoreBytes, let last = watch.lastBytes,
            now >= last.advanced(by: AgentWatch.settlePause)
        {
            readings += follower.reader.settle()
            watch.isUnsettled = false
            isSettled = true
        }
        watch.follower = follower
        try await commit(readings, of: watch, follower, isSettled: isSettled)
    }

    /// The tap is shorter than what was read of it: somebody cut or removed it.
    private func restartTap(_ watch: AgentWatch, lost: Int64) async throws {
        let subject = watch.agent.subject
        try await store.forgetTap(of: subject)
        var step = WatchStep()
        step.journal = [
            JournalDraft(
                subject: subject, kind: .tapGap, source: "daemon",
                payload: ["missing_bytes": .integer(lost), "why": "the tap became shorter"])
        ]
        try await store.commit(step, for: subject, at: now)
        (watch.follower, watch.committed, watch.lastKeyframe) = (nil, 0, 0)
    }

    /// Panes that ended, went away or came back, asked of tmux for all agents at once.
    func sweepPanes() async throws {
        nextSweep = now.advanced(by: Self.sweepPause)
        let placed = agents.values.filter { $0.agent.pane != nil }
        let byServer = Dictionary(grouping: placed) { $0.agent.pane?.server.socket ?? "" }
        for (_, watches) in byServer {
            guard let pane = watches.first?.agent.pane else { continue }
            let server = try servers.server(of: pane)
            let panes = try await server.panes()
            for watch in watches {
                let own = panes.filter { $0.agent == watch.agent.id }
                try await take(own.first { !$0.isDead } ?? own.first, into: watch, server: server)
            }
        }
    }

    private func take(_ pane: PaneSnapshot?, into watch: AgentWatch, server: TmuxServer) async throws {
        let before = watch.end
        switch pane?.end {
        case nil where pane == nil: watch.end = .init(state: .gone)
        case nil: watch.end = nil
        case .exited(let status): watch.end = .init(state: .exited, exitStatus: status)
        case .signaled(let signal): watch.end = .init(state: .exited, exitStatus: 128 + signal)
        case .unknown: watch.end = .init(state: .exited)
        }
        if watch.end != before { watch.isUnjudged = true }
        guard let pane, !pane.isDead, let tap = watch.agent.tap else { return }
        switch server.tapState(pane) {
        case .alive, .foreign: break
        case .none, .silent:
            guard try await server.armTap(pane, to: tap) == .armed else { return }
            var step = WatchStep()
            step.journal = [
                JournalDraft(
                    subject: watch.agent.subject, kind: .tapGap, source: "daemon",
                    payload: ["why": "the pipe had died; it was armed anew"], tapOffset: Files.size(tap))
            ]
            try await store.commit(step, for: watch.agent.subject, at: now)
            log.warning(
                "agent \(watch.agent.place.branch.visible): the tap's pipe had died and was armed anew")
        }
    }
}
