extension OrchestratorMachine {
    mutating func take(_ event: OrchestratorEvent, _ now: Timestamp) {
        switch event {
        case .tick: break
        case .planned(let tasks):
            mayAdmit = true
            plan(tasks, now)
        case .capacity(let capacity):
            mayAdmit = true
            self.capacity = capacity
        case .facts(let branch, let facts): take(facts, of: branch, now)
        case .phase(let branch, let phase, let source):
            guard standings[branch]?.state.isActive == true else { return }
            change(branch) {
                $0.phase = phase
                $0.phaseSource = source
                $0.reason = nil
                $0.noteProgress(now)
            }
            completeIfDone(branch, now)
        case .spawned(let branch, let agent): takeSpawned(branch, agent, now)
        case .notSpawned(let branch, let reason, let again): takeNotSpawned(branch, reason, again, now)
        case .conflicted(let branch, let conflict): take(conflict, of: branch, now)
        case .prepared, .notPrepared, .decided, .notDecided: takeDeciding(event, now)
        case .ended(let command, let end): take(end, of: command, now)
        case .answered(let approval, let approved, let by): answer(approval, approved, by, now)
        case .cancelled(let command, let by): cancel(command, by, now)
        case .requested(let branch, let request): take(request, for: branch, now)
        }
    }

    /// False when the tasks cannot be planned: its owner said what is wrong, and the plan before stays in force.
    @discardableResult
    mutating func order(_ tasks: [PlannedTask]) -> Bool {
        guard let graph = try? TaskGraph(tasks) else { return false }
        self.graph = graph
        places = Dictionary(uniqueKeysWithValues: tasks.enumerated().map { ($1.branch, $0) })
        line = tasks.enumerated().sorted {
            ($1.element.priority, $0.offset) < ($0.element.priority, $1.offset)
        }
        .map(\.element.branch)
        return true
    }

    private mutating func plan(_ tasks: [PlannedTask], _ now: Timestamp) {
        guard order(tasks) else { return }
        for branch in standings.keys.sorted() where places[branch] == nil { forget(branch, now) }
        // Of tasks that nobody knows any more, only what runs is still to come to its end.
        for command in commands.values.sorted(by: { $0.number < $1.number })
        where standings[command.branch] == nil && command.state != .running {
            dismiss(command.id, "its task is not planned any more", now)
        }
        for task in tasks where standings[task.branch] == nil {
            add(task.branch, TaskStanding(phase: settings.defaultPhase, at: now))
        }
        for task in tasks {
            guard let conflict = standings[task.branch]?.conflict,
                !task.dependsOn.contains(conflict.dependency)
            else { continue }
            change(task.branch) {
                $0.conflict = nil
                $0.reason = nil
            }
        }
    }

    /// What is not planned any more is given up; planned again, it is another task.
    private mutating func forget(_ branch: String, _ now: Timestamp) {
        if standings[branch]?.state.isActive == true {
            move(branch, to: .cancelled, why: "it is not planned any more", now)
            drop(branch, "its task is not planned any more", now)
        }
        remove(branch)
    }

    private mutating func take(_ facts: TaskFacts, of branch: String, _ now: Timestamp) {
        guard let standing = standings[branch] else { return }
        guard standing.facts != facts else {
            completeIfDone(branch, now)
            return
        }
        let former = standing.facts
        change(branch) {
            $0.facts = facts
            if former.state != facts.state || former.waitingFor != facts.waitingFor
                || former.stages != facts.stages || former.head != facts.head
            {
                $0.noteProgress(now)
            } else if former.printed < facts.printed {
                $0.progressAt = now
            }
            if facts.waitingFor != .usageLimit { $0.isLimitTold = false }
        }
        guard standing.state == .running else { return }
        if completeIfDone(branch, now) { return }
        if facts.waitingFor == .usageLimit, !standing.isLimitTold {
            change(branch) { $0.isLimitTold = true }
            pause(branch, .usageLimit, "its agent has reached a usage limit", now)
        }
        switch facts.state {
        case .exited?, .gone?: takeAgentEnd(branch, facts, now)
        case nil where former.agent != nil && facts.agent == nil:
            fail(branch, "its agent was removed", now)
        default: break
        }
    }

    private mutating func takeAgentEnd(_ branch: String, _ facts: TaskFacts, _ now: Timestamp) {
        let restarts = standings[branch]?.restarts ?? 0
        let how =
            facts.state == .gone
            ? "its session is gone" : "its agent ended" + (facts.exitStatus.map { " (exit \($0))" } ?? "")
        // What was typed into it is lost with it.
        let lost = commands.values.filter { $0.state == .running && $0.session == branch }
        for command in lost.sorted(by: { $0.number < $1.number }) {
            take(.lost(reason: how), of: command.id, now)
        }
        guard restarts < settings.agentRestarts else { return fail(branch, how, now) }
        change(branch) { [settings] in
            $0.starts = 0
            $0.restarts = restarts + 1
            $0.notBefore = now.advanced(by: settings.pause(after: restarts + 1))
        }
        move(branch, to: .starting, why: "\(how): it is started again", now)
    }

    private mutating func takeSpawned(_ branch: String, _ agent: AgentID, _ now: Timestamp) {
        guard standings[branch]?.state == .starting else { return }
        change(branch) {
            $0.facts.agent = agent
            // What was known is about the former life of the agent.
            $0.facts.state = .starting
            $0.facts.exitStatus = nil
            $0.notBefore = nil
            $0.reason = nil
            $0.deciding.nextAt = now
        }
        // Whether it is done already, the next facts tell: these know nothing of its pipelines.
        move(branch, to: .running, why: "its agent runs", now)
    }

    /// Whether the next facts decide something even where they are the same as before.
    public func awaitsFacts(_ branch: String) -> Bool {
        standings[branch]?.phase == settings.completionPhase
    }

    private mutating func takeNotSpawned(_ branch: String, _ reason: String, _ again: Bool, _ now: Timestamp)
    {
        guard let standing = standings[branch], standing.state == .starting else { return }
        guard again, standing.starts < settings.commandTries else { return fail(branch, reason, now) }
        change(branch) { [settings] in
            $0.notBefore = now.advanced(by: settings.pause(after: standing.starts))
            $0.reason = reason
        }
    }

    /// It waits without a slot, until a person has merged what conflicts.
    private mutating func take(_ conflict: TaskStanding.Conflict, of branch: String, _ now: Timestamp) {
        guard let standing = standings[branch], standing.state == .starting else { return }
        let former = (graph[branch]?.dependsOn ?? []).prefix { $0 != conflict.dependency }
        let others = (former.map { "'\($0)'" } + ["the base"]).joined(separator: " or ")
        let files = conflict.files.prefix(5).joined(separator: ", ")
        let reason =
            "'\(conflict.dependency)' conflicts with \(others) in \(files): merge them in "
            + "'\(conflict.dependency)', then 'tmux-agent tasks retry \(branch)'"
        change(branch) {
            $0.conflict = conflict
            $0.reason = reason
            $0.starts = 0
        }
        move(branch, to: .waiting, why: reason, now)
        alarm(branch, .conflict, reason)
    }

    mutating func fail(_ branch: String, _ reason: String, _ now: Timestamp) {
        change(branch) { $0.reason = reason }
        move(branch, to: .failed, why: reason, now)
        drop(branch, "its task failed", now)
    }

    private mutating func take(_ request: TaskRequest, for branch: String, _ now: Timestamp) {
        guard let standing = standings[branch] else { return }
        mayAdmit = true
        switch request {
        case .hold: change(branch) { $0.isHeld = true }
        case .release:
            change(branch) {
                $0.isHeld = false
                $0.pause = nil
                $0.failureStreak = 0
                $0.noteProgress(now)
                if $0.deciding.failures > 0 { $0.deciding.nextAt = now }
            }
        case .cancel:
            guard !standing.state.isEnded else { return }
            change(branch) { $0.isHeld = false }
            move(branch, to: .cancelled, why: "somebody gave it up", now)
            drop(branch, "its task was given up", now)
        case .retry: retry(branch, standing, now)
        }
    }

    private mutating func retry(_ branch: String, _ standing: TaskStanding, _ now: Timestamp) {
        if standing.state == .failed || standing.state == .cancelled || standing.conflict != nil {
            change(branch) { [settings] in
                $0.conflict = nil
                $0.starts = 0
                $0.restarts = nil
                $0.notBefore = nil
                $0.reason = nil
                $0.pause = nil
                $0.failureStreak = 0
                $0.stalls = 0
                $0.phase = settings.defaultPhase
                $0.phaseSource = .settings
                $0.deciding = DecidingState(nextAt: now)
            }
            move(branch, to: .waiting, why: "somebody wants it tried again", now)
        }
        let dead = commands.values.filter { $0.branch == branch && $0.state == .dead }
        for command in dead.sorted(by: { $0.number < $1.number })
        where standings[branch]?.state.isActive == true {
            change(command: command.id) {
                $0.state = .queued
                $0.isInterrupted = false
                $0.createdAt = now
                $0.dueAt = now
                $0.endedAt = nil
                $0.detail = nil
            }
            change(branch) { $0.queue.append(command.id) }
        }
    }

    /// Whether the task is done now: by facts, not by what a decider says.
    @discardableResult
    mutating func completeIfDone(_ branch: String, _ now: Timestamp) -> Bool {
        guard let standing = standings[branch], standing.state == .running, let task = graph[branch],
            standing.phase == settings.completionPhase,
            standing.phaseSource != .decider || !task.stages.isEmpty
        else { return false }
        let missing = task.missing(from: standing.facts)
        if standing.reason != missing { change(branch) { $0.reason = missing } }
        guard missing == nil else { return false }
        move(branch, to: .done, why: "phase \(standing.phase), stages completed", now)
        drop(branch, "its task is done", now)
        beginSummary(branch, now)
        return true
    }

    /// One alarm begins an episode; it ends when somebody releases the task.
    mutating func pause(
        _ branch: String, _ reason: TaskStanding.Pause.Reason, _ detail: String, _ now: Timestamp
    ) {
        guard standings[branch]?.pause == nil else { return }
        change(branch) { $0.pause = .init(reason, since: now, detail: detail) }
        alarm(branch, reason, detail)
    }

    mutating func alarm(_ branch: String, _ reason: TaskStanding.Pause.Reason, _ detail: String) {
        change(branch) { $0.alarms += 1 }
        let number = standings[branch]?.alarms ?? 1
        effects.append(.alarm(TaskAlarm(branch: branch, number: number, reason: reason, detail: detail)))
    }
}

extension TaskStanding {
    /// Something happened: whatever was counted about standing still begins anew.
    mutating func noteProgress(_ now: Timestamp) {
        progressAt = now
        stalls = 0
    }
}
