internal import Config
internal import Core
internal import Fleet
internal import Logging
internal import ProcessKit
internal import Store
internal import SystemPackage

extension TaskOrchestrator {
    /// One pass over everything that may have changed.
    func turn() async {
        note(events.takeChanges())
        if isStale || planChanged { await attempt("plan") { try await load() } }
        guard !isStale else { return }
        await attempt("results") { try await takeResults() }
        if databaseChanged {
            await attempt("journal") {
                // Where nobody watches the fleet, nobody else lets questions expire.
                if let expiry = try await store.nextApprovalExpiry(), expiry <= now {
                    _ = try await store.expireApprovals(now: now)
                }
                try await takeJournal()
                databaseChanged = false
            }
        }
        await attempt("tasks") {
            try await takeCapacity()
            try await takeFacts()
            try await apply(.tick)
        }
        await beat()
    }

    /// Counts that this loop goes round: whoever watches the numbers sees that it does not any more.
    private func beat() async {
        let now = now
        if let beatAt, beatAt <= now, beatAt.advanced(by: plan.configuration.settings.pollInterval) > now {
            return
        }
        beatAt = now
        await attempt("heartbeat") {
            try await store.increment([CounterIncrement("tmux_agent_orchestrator_heartbeats_total")])
        }
    }

    func attempt(_ part: String, _ body: () async throws -> Void) async {
        do {
            try await body()
            ended(part)
        } catch is CancellationError {
            return
        } catch {
            began(part, (error as? any UserFacingError)?.message ?? "\(error)")
        }
    }

    private func note(_ changes: Set<FileEvents.Change>) {
        let state = context.configuration.stateDatabase
        for change in changes {
            if change.folder == state.removingLastComponent(),
                change.name == nil || change.name == "\(state.lastComponent?.string ?? "")-wal"
            {
                databaseChanged = true
            }
            // Prompts may lie beside the file; whatever changes there, it is read again.
            if change.folder == source.folder,
                change.name?.hasSuffix(".toml") != false
                    || change.name?.hasSuffix(".md") == true || change.name?.hasSuffix(".txt") == true
            {
                planChanged = true
            }
        }
    }

    private func takeCapacity() async throws {
        let settings = plan.configuration.settings
        let (capacity, known) = (try await context.capacity(for: settings), machine.capacity ?? Capacity())
        // Memory and load change all the time: what counts is whether there is enough of them.
        func isEnough(_ capacity: Capacity) -> Bool {
            settings.shortage(
                active: 0, Capacity(freeMemory: capacity.freeMemory, load: capacity.load)) == nil
        }
        guard capacity.otherAgents != known.otherAgents || isEnough(capacity) != isEnough(known) else {
            return
        }
        try await apply(.capacity(capacity))
    }

    /// Reads the plan and what is stored; an edit that cannot be used leaves the last good plan in force.
    private func load() async throws {
        planChanged = false
        var trouble: (any Error)?
        do {
            plan = try source.load().value
        } catch {
            trouble = error
        }
        try await store.replaceFileTasks(plan.configuration.tasks)
        let stored = try await store.tasks()
        let planned = stored.map(\.task)
        do throws(TaskGraphError) {
            _ = try TaskGraph(planned)
            tasks = planned
        } catch {
            trouble = trouble ?? error
        }
        if isStale {
            var open = try await store.openCommands()
            try await loadCursor(isNew: stored.allSatisfy { $0.standing == nil })
            var standings = Dictionary(
                stored.compactMap { task in task.standing.map { (task.id, $0) } }
            ) { $1 }
            try await holdWhatIsAskedFor(&standings, &open.commands, among: planned)
            machine = Self.machine(
                plan, context, standings: standings, commands: open.commands, nextNumber: open.nextNumber)
            inputs = [:]
            isStale = false
            try audit.begin(machine, tasks: tasks, at: now)
        } else {
            machine.replace(settings: plan.configuration.settings, rules: plan.configuration.rules)
        }
        try await takeCapacity()
        try await apply(.planned(tasks: tasks))
        factsAt = nil
        if let trouble { throw trouble }
    }

    /// What was reported before there was a plan says nothing about it.
    private func loadCursor(isNew: Bool) async throws {
        cursor = try await store.journalCursor(Self.reader)
        journalRead = cursor
        if isNew, cursor == 0 { reportsFrom = try await store.newestJournalID() }
    }

    /// Requests that were made while nobody orchestrated come before anything begins.
    private func holdWhatIsAskedFor(
        _ standings: inout [String: TaskStanding], _ commands: inout [QueuedCommand],
        among tasks: [PlannedTask]
    ) async throws {
        let requests = try await store.journal(after: cursor, kinds: [.taskRequested], limit: 10_000)
        let unwanted = Set(requests.compactMap { $0.payload["command"]?.string })
        for index in commands.indices where unwanted.contains(commands[index].id) {
            commands[index].dueAt = Timestamp(milliseconds: .max)
        }
        for entry in requests {
            guard let branch = entry.payload["branch"]?.string,
                tasks.contains(where: { $0.branch == branch }),
                ["hold", "cancel"].contains(entry.payload["request"]?.string)
            else { continue }
            let new = TaskStanding(phase: plan.configuration.settings.defaultPhase, at: now)
            standings[branch, default: new].isHeld = true
        }
    }

    private func takeResults() async throws {
        var left = inbox.take()[...]
        while let item = left.first {
            do {
                try await apply(item.event, recording: item.decision)
            } catch {
                inbox.putBack(left)
                throw error
            }
            left.removeFirst()
        }
    }

    /// Reads facts of what has begun, not more often than every `factsPause`.
    private func takeFacts() async throws {
        if let factsAt, factsAt <= now, factsAt.advanced(by: Self.factsPause) > now {
            wasTooSoon = true
            return
        }
        wasTooSoon = false
        let begun = tasks.filter { machine.standings[$0.branch]?.state == .running }
        for (branch, facts) in try await TaskFactReader(context: context).read(begun).sorted(by: {
            $0.key < $1.key
        })
        where machine.standings[branch]?.facts != facts {
            try await apply(.facts(branch: branch, facts: facts))
        }
        factsAt = now
    }

    /// Decides, stores, and only then lets anything be done.
    func apply(
        _ event: OrchestratorEvent, advancing position: PositionAdvance? = nil,
        recording decision: RecordedDecision? = nil
    ) async throws {
        let now = now
        let former = machine.settings.maxAgentsPerHost == nil ? nil : machine
        let effects = machine.receive(event, at: now)
        let changes = machine.takeChanges()
        guard !effects.isEmpty || !changes.isEmpty || position != nil || decision != nil else {
            // Nothing to store, and yet what follows depends on it.
            if event.isCircumstance { audit.write(event, [], changes, nil, machine, at: now) }
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
                return try await apply(event, advancing: position, recording: decision)
            }
        } catch {
            // The machine has decided what nobody will know: it is made anew from what is stored.
            isStale = true
            throw error
        }
        audit.write(event, effects, changes, decision, machine, at: now)
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
