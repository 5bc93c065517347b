internal import Core
internal import Fleet
internal import Logging
internal import Store

extension TaskOrchestrator {
    /// Decides, stores, and only then lets anything be done; the rows of `left` tasks are not touched.
    func apply(
        _ event: OrchestratorEvent, advancing position: PositionAdvance? = nil,
        recording decision: RecordedDecision? = nil, leaving left: Set<String> = []
    ) async throws {
        let now = now
        let former = machine.settings.maxAgentsPerHost == nil ? nil : machine
        let effects = machine.receive(event, at: now)
        var changes = machine.takeChanges()
        for branch in left { changes.tasks.removeValue(forKey: branch) }
        guard !effects.isEmpty || !changes.isEmpty || position != nil || decision != nil else {
            // Nothing to store, and yet what follows depends on it.
            if event.isCircumstance { keep { try audit.write(event, [], changes, nil, machine, at: now) } }
            return
        }
        let subjects = machine.standings.compactMapValues { $0.facts.agent.map { Subject.agent($0) } }
        let builder = StepBuilder(
            salt: Self.salt(of: context.id), settings: machine.settings, subjects: subjects, now: now)
        var step = builder.step(changes, effects, commands: machine.commands)
        step.step.cursor = position
        if let decision {
            step.decision = decision
            step.step.counters += decision.counters
        }
        do {
            let others = try await store.commit(
                step, for: builder.subject(event.branch ?? ""), at: now, within: room(for: effects))
            if let others, let former {
                // Another fleet was faster: the same is decided once more, knowing of it.
                machine = former
                var capacity = machine.capacity ?? Capacity()
                capacity.otherAgents = others
                try await apply(.capacity(capacity))
                return try await apply(
                    event, advancing: position, recording: decision, leaving: left)
            }
        } catch {
            // The machine has decided what nobody will know: it is made anew from what is stored.
            isStale = true
            throw error
        }
        keep { try audit.write(event, effects, changes, decision, machine, at: now) }
        tell(effects)
        for effect in effects where effect.isWork { work.append(effect) }
        ended += changes.commands.filter { !$0.state.isOpen && $0.startedAt != nil }
    }

    /// Looked at together with other fleets, where tasks begin and the machine's agents are limited.
    private func room(for effects: [OrchestratorEffect]) -> HostRoom? {
        guard let most = machine.settings.maxAgentsPerHost,
            effects.contains(where: {
                if case .changed(_, .waiting, .starting, _) = $0 { true } else { false }
            })
        else { return nil }
        let census = HostCensus(context: context)
        return HostRoom(most: most, own: machine.active.count) { census.count($0) }
    }

    /// Decisions are in the database: a record that cannot be written stops none of them, and is said once.
    func keep(_ write: () throws -> Void) {
        do {
            try write()
            ended("record")
        } catch {
            began("record", "\(audit.path): \((error as? any UserFacingError)?.message ?? "\(error)")")
        }
    }

    private func tell(_ effects: [OrchestratorEffect]) {
        for effect in effects {
            switch effect {
            case .changed(let branch, _, let to, let why):
                log.info("task \(branch.visible) is \(to.rawValue): \(why.visible)")
            case .alarm(let alarm):
                log.warning("task \(alarm.branch.visible): \(alarm.reason.words): \(alarm.detail.visible)")
            default: break
            }
        }
    }
}

extension OrchestratorEvent {
    /// The task that it is about; nil for all and for commands.
    var branch: String? {
        switch self {
        case .facts(let branch, _), .phase(let branch, _, _), .spawned(let branch, _),
            .notSpawned(let branch, _, _), .conflicted(let branch, _), .prepared(let branch, _),
            .notPrepared(let branch, _),
            .decided(let branch, _), .notDecided(let branch, _), .requested(let branch, _):
            branch
        case .tick, .planned, .capacity, .ended, .answered, .cancelled: nil
        }
    }
}

extension OrchestratorEvent {
    /// It changes what the machine goes by, if no task.
    fileprivate var isCircumstance: Bool {
        switch self {
        case .planned, .capacity: true
        default: false
        }
    }
}

extension OrchestratorEffect {
    /// Something that is done beside the loop.
    var isWork: Bool {
        switch self {
        case .spawn, .prepare, .decide, .run, .interrupt: true
        case .ask, .withdraw, .alarm, .tell, .changed, .dropped: false
        }
    }
}
