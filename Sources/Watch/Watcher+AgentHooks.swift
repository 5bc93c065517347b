internal import Core
internal import Fleet
internal import Logging
internal import ProcessKit
internal import Store
internal import SystemPackage

extension Watcher {
    /// A state that was said longer ago is not news: the screen knows better.
    private static let newsLimit = Duration.seconds(10)
    private static let mostHookBytes: Int64 = 1 << 20

    /// Takes up the lines that agents' own hooks appended, in their order.
    ///
    /// Lines from which nothing follows move the position together with the next one from which something does.
    func takeAgentHooks() async throws {
        let file = context.agentHookFile
        guard let length = Files.size(file), length != agentHookOffset else { return }
        // Emptied by hand: what stands there now is new.
        let from = length < agentHookOffset ? 0 : agentHookOffset
        let bytes = try Files.read(file, from: from, limit: Int(min(length - from, Self.mostHookBytes)))
        var start = 0
        while let end = bytes[start...].firstIndex(of: UInt8(ascii: "\n")) {
            let next = from + Int64(end) + 1
            let line = String(decoding: bytes[start..<end], as: UTF8.self)
            if let said = AgentHookReport.read(line: line), let watch = speaker(said.agent, said.report) {
                try await take(said.report, at: said.at, from: watch, upTo: next)
            }
            start = end + 1
        }
        // A line longer than everything that is read at once is none of ours.
        let isStuck = start == 0 && Int64(bytes.count) == Self.mostHookBytes
        let end = from + Int64(isStuck ? bytes.count : start)
        if end != agentHookOffset {
            var step = WatchStep()
            step.file = hookAdvance(to: end)
            try await store.commit(step, for: .mainCheckout, at: now)
            agentHookOffset = end
        }
        if Files.size(file) ?? 0 > end, end > from { parts.events.wake() }
        try freeReadHooks(file)
    }

    /// The agent whose session it is: by the folder where the program is known to share a server, else by its id.
    private func speaker(_ id: AgentID, _ report: AgentHookReport) -> AgentWatch? {
        guard report.program == .codex, let folder = report.folder.map({ FilePath($0) }) else {
            return agents[id]
        }
        let own = agents.values.filter { folder.starts(with: $0.agent.place.worktree) }
        // The main checkout holds all worktrees.
        return own.max { $0.agent.place.worktree.string.count < $1.agent.place.worktree.string.count }
            ?? agents[id]
    }

    private func hookAdvance(to end: Int64) -> PositionAdvance {
        PositionAdvance(reader: Self.agentHookReader, from: agentHookOffset, to: end)
    }

    private func take(
        _ report: AgentHookReport, at time: Timestamp, from watch: AgentWatch, upTo end: Int64
    ) async throws {
        var debouncer = watch.debouncer
        var condition: AgentCondition?
        if let said = report.state, watch.end == nil, now.distance(from: time) < Self.newsLimit,
            watch.agent.startedAt.map({ $0 <= time }) ?? true,
            debouncer.tell(.init(state: said.state, waitingFor: said.waitingFor), at: now) != nil
        {
            condition = AgentCondition(said.state, waitingFor: said.waitingFor, exitStatus: nil, since: now)
        }
        if condition != nil || !report.markers.isEmpty {
            try await write(report, condition, of: watch, upTo: end)
            agentHookOffset = end
        }
        watch.debouncer = debouncer
        if let condition { watch.agent.condition = condition }
        // The screen may show the dialog that the hook speaks of.
        watch.isUnjudged = true
    }

    private func write(
        _ report: AgentHookReport, _ condition: AgentCondition?, of watch: AgentWatch, upTo end: Int64
    ) async throws {
        var base = WatchStep()
        base.file = hookAdvance(to: end)
        base.condition = condition
        let (subject, now, ids, machine) = (watch.agent.subject, now, ids, watch.machine)
        let escalations = context.configuration.escalations
        let committed = try await store.commit(subject, generation: watch.agent.generation, at: now) {
            [base] seen in
            var (step, machine) = (base, machine)
            let groups = report.signals(condition, subject, at: now, &seen, &step)
            if !groups.isEmpty {
                let effects = machine.receive(.signals(groups), at: now, ids: ids)
                step.add(effects, subject: subject, at: now, escalations)
            }
            return Decided(step, StepOutcome(machine: machine, hasWork: !step.outbox.isEmpty))
        }
        take(committed.output, into: watch)
    }

    /// What was read need not stay on the disk; offsets stay as they are.
    private func freeReadHooks(_ file: FilePath) throws {
        let end = agentHookOffset & ~4095
        guard end - freedHooks >= Self.mostHookBytes else { return }
        try TapHead.free(file, upTo: end)
        freedHooks = end
    }
}

extension AgentHookReport {
    /// The report's signals, one group each, with their journal rows.
    fileprivate func signals(
        _ condition: AgentCondition?, _ subject: Subject, at now: Timestamp, _ seen: inout SeenMarkers,
        _ step: inout WatchStep
    ) -> [[Signal]] {
        let source = "\(program)-hook"
        var groups: [[Signal]] = []
        for marker in markers {
            // The screen, or an earlier event, may have said it already.
            guard let id = marker.id, seen.count(id) else { continue }
            let body = Signal.Body.marker(marker, source: source)
            step.journal.append(
                JournalDraft(
                    subject: subject, kind: .marker, source: source, payload: body.json, stage: marker.stage))
            step.counters.append(
                CounterIncrement("tmux_agent_markers_total", labels: ["type": marker.type ?? ""]))
            groups.append([Signal(subject: subject, at: now, body: body)])
        }
        guard let condition else { return groups }
        let body = Signal.Body.state(condition.state, waitingFor: condition.waitingFor, exitStatus: nil)
        var payload = body.json
        payload["event"] = .string(event)
        step.journal.append(
            JournalDraft(subject: subject, kind: .agentState, source: source, payload: payload))
        step.counters.append(CounterIncrement("tmux_agent_signals_total", labels: ["kind": "state"]))
        return groups + [[Signal(subject: subject, at: now, body: body)]]
    }
}
