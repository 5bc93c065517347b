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
        await rereadFleet()
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

    func note(_ changes: Set<FileEvents.Change>) {
        let state = context.configuration.stateDatabase
        for change in changes {
            if change.folder == state.removingLastComponent(),
                change.name == nil || change.name == "\(state.lastComponent?.string ?? "")-wal"
            {
                databaseChanged = true
            }
            guard let name = change.name else {
                if change.folder == source.folder { planChanged = true }
                if change.folder == context.folder { fleetChanged = true }
                continue
            }
            let path = change.folder.appending(name)
            if path == source.file || promptFiles.contains(where: { $0.starts(with: path) }) {
                planChanged = true
            }
            if path == context.root.pushing(FilePath(FleetFile.path)) { fleetChanged = true }
        }
    }

    /// Tasks begin by fleet.toml as it is, as `spawn` does; one that cannot be used leaves the last good one in force.
    func rereadFleet() async {
        guard fleetChanged else { return }
        fleetChanged = false
        await attempt("settings") {
            context = try context.reread()
            factsAt = nil
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
        watchPrompts()
        var trouble: (any Error)?
        do {
            plan = try source.load().value
        } catch {
            trouble = error
        }
        guard !plan.configuration.isDryRun else { return layDown() }
        do {
            tasks = try await store.replaceFileTasks(plan.configuration.tasks).map(\.task)
        } catch let error as TaskGraphError {
            trouble = trouble ?? error
            // What is stored was planned before. Where even that does not fit, nothing is decided, so that nothing is given up.
            let planned = try await store.tasks().map(\.task)
            _ = try TaskGraph(planned)
            tasks = planned
        }
        let newest = try await store.newestJournalID()
        let stored = try await store.tasks()
        if isStale {
            removalsFrom = newest
            var open = try await store.openCommands()
            try await loadCursor(isNew: stored.allSatisfy { $0.standing == nil })
            var standings = Dictionary(
                stored.compactMap { task in task.standing.map { (task.id, $0) } }
            ) { $1 }
            let requests = try await WaitingRequests(store: store, after: cursor)
            formerTasks = requests.removals
            requests.hold(
                &standings, &open.commands, among: tasks,
                new: TaskStanding(phase: plan.configuration.settings.defaultPhase, at: now))
            machine = Self.machine(
                plan, context, standings: standings, commands: open.commands, nextNumber: open.nextNumber)
            inputs = [:]
            isStale = false
            keep { try audit.begin(machine, tasks: tasks, at: now) }
        } else {
            let former = RecordedSettings(machine)
            machine.replace(settings: plan.configuration.settings, rules: plan.configuration.rules)
            let settings = RecordedSettings(machine)
            if settings != former { keep { try audit.write(settings, at: now) } }
        }
        try await takeCapacity()
        try await apply(.planned(tasks: tasks))
        factsAt = nil
        if let trouble { throw trouble }
    }

    /// Lets go of the role: nothing is begun until somebody takes it up again, from what is stored.
    private func layDown() {
        lock = nil
        isStale = true
        databaseChanged = true
    }

    /// What was reported before there was a plan says nothing about it.
    private func loadCursor(isNew: Bool) async throws {
        cursor = try await store.journalCursor(Self.reader)
        journalRead = cursor
        if isNew, cursor == 0 { reportsFrom = try await store.newestJournalID() }
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
        where machine.standings[branch]?.facts != facts || machine.awaitsFacts(branch) {
            try await apply(.facts(branch: branch, facts: facts))
        }
        factsAt = now
    }
}
