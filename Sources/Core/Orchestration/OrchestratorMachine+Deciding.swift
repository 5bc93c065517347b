extension OrchestratorMachine {
    mutating func takeDeciding(_ event: OrchestratorEvent, _ now: Timestamp) {
        switch event {
        case .decided(let branch, _), .notDecided(let branch, _): asking.remove(branch)
        default: break
        }
        switch event {
        case .prepared(let branch, let hash): takePrepared(branch, hash, now)
        case .notPrepared(let branch, let reason):
            guard standings[branch]?.deciding.step == .preparing else { return }
            takeFailure(branch, reason, now)
        case .decided(let branch, let decision): take(decision, of: branch, now)
        case .notDecided(let branch, let reason):
            guard standings[branch]?.deciding.step == .asked else { return }
            takeFailure(branch, reason, now)
        default: break
        }
    }

    private mutating func takePrepared(_ branch: String, _ hash: String, _ now: Timestamp) {
        guard let deciding = standings[branch]?.deciding, deciding.step == .preparing else { return }
        // The same input would get the same answer; about a stall it is asked in any case.
        let isKnown = hash == deciding.lastHash && deciding.prompt == .command
        change(branch) { [settings] in
            $0.deciding.step = isKnown ? .idle : .prepared
            $0.deciding.inputHash = hash
            if isKnown { $0.deciding.nextAt = now.advanced(by: settings.pollInterval) }
        }
    }

    private mutating func take(_ decision: Decision, of branch: String, _ now: Timestamp) {
        guard let standing = standings[branch], standing.deciding.step == .asked else { return }
        guard standing.deciding.prompt != .summary else { return endSummary(branch, decision.summary) }
        let isForPerson =
            decision.requiresConfirmation || decision.commands.contains { $0.risk.needsApproval }
        change(branch) { [settings, first = nextNumber] in
            $0.deciding.step = .idle
            $0.deciding.prompt = .command
            $0.deciding.lastHash = $0.deciding.inputHash
            $0.deciding.commandsFrom = first
            $0.deciding.failures = 0
            $0.deciding.lastError = nil
            $0.deciding.summary = decision.summary
            $0.deciding.blockers = decision.blockers
            $0.deciding.nextAt = now.advanced(by: settings.cooldown)
            // What its agent or a person said outweighs a decider's reading of it.
            if let phase = decision.phase, $0.phaseSource == .settings || $0.phaseSource == .decider {
                $0.phase = phase
                $0.phaseSource = .decider
                $0.reason = nil
            }
        }
        enqueue(decision, for: branch, now)
        if let text = decision.notify, isForPerson || !settings.notifyOnlyOnConfirmation {
            change(branch) { $0.alarms += 1 }
            effects.append(.tell(branch: branch, number: standings[branch]?.alarms ?? 1, text: text))
        }
        completeIfDone(branch, now)
    }

    /// Pauses that double keep a broken decider from being asked over and over; people hear of it once.
    private mutating func takeFailure(_ branch: String, _ reason: String, _ now: Timestamp) {
        change(branch) { [settings] in
            $0.deciding.step = .idle
            $0.deciding.failures += 1
            $0.deciding.lastError = reason
            $0.deciding.nextAt = now.advanced(by: settings.pause(after: $0.deciding.failures))
        }
        guard standings[branch]?.deciding.failures == settings.decisionFailureThreshold else { return }
        // A task that is done does without a summary.
        guard standings[branch]?.deciding.prompt != .summary else { return endSummary(branch, nil) }
        alarm(branch, .decider, reason)
    }

    /// The decider is asked once more about a task that is done, where there is a prompt for it.
    mutating func beginSummary(_ branch: String, _ now: Timestamp) {
        guard settings.hasSummary, settings.hasDecider, graph[branch]?.isDecided == true else { return }
        summing.insert(branch)
        change(branch) {
            $0.deciding.prompt = .summary
            $0.deciding.nextAt = now
            $0.deciding.failures = 0
        }
    }

    private mutating func endSummary(_ branch: String, _ summary: String?) {
        summing.remove(branch)
        change(branch) {
            $0.deciding.step = .idle
            $0.deciding.prompt = .command
            if let summary {
                $0.deciding.summary = summary
                $0.alarms += 1
            }
        }
        guard let summary else { return }
        effects.append(.tell(branch: branch, number: standings[branch]?.alarms ?? 1, text: summary))
    }

    /// Watches for stalls, gathers input where a decision is due, and asks while there is room.
    mutating func decide(_ now: Timestamp) {
        let branches = active.union(summing).sorted { (places[$0] ?? 0) < (places[$1] ?? 0) }
        for branch in branches {
            if let due = stallTime(branch), due <= now { stall(branch, now) }
            guard let due = decisionTime(branch), due <= now, let prompt = standings[branch]?.deciding.prompt
            else { continue }
            change(branch) { $0.deciding.step = .preparing }
            effects.append(.prepare(branch: branch, prompt: prompt))
        }
        let ready = branches.filter {
            standings[$0]?.deciding.step == .prepared && canDecide($0) && !asking.contains($0)
        }
        .sorted { (standings[$0]?.deciding.nextAt ?? now) < (standings[$1]?.deciding.nextAt ?? now) }
        for branch in ready where asking.count < settings.maxDecisions {
            change(branch) { $0.deciding.step = .asked }
            effects.append(.decide(branch: branch))
            asking.insert(branch)
        }
    }

    /// Whether a decider's word could lead to anything now.
    private func canDecide(_ branch: String) -> Bool {
        guard settings.hasDecider, graph[branch]?.isDecided == true, let standing = standings[branch],
            !standing.isHeld
        else { return false }
        if summing.contains(branch) { return settings.hasSummary }
        guard standing.state == .running, standing.pause == nil, standing.queue.isEmpty else { return false }
        return switch standing.facts.state {
        case .waiting?, .starting?, .exited?, .gone?: false
        case .working?, .idle?, .unknown?, nil: true
        }
    }

    func decisionTime(_ branch: String) -> Timestamp? {
        guard let deciding = standings[branch]?.deciding, deciding.step == .idle, canDecide(branch) else {
            return nil
        }
        return deciding.nextAt
    }

    /// When an agent has shown nothing new for too long; nil while somebody or something is waited for.
    func stallTime(_ branch: String) -> Timestamp? {
        guard let standing = standings[branch], standing.state == .running, !standing.isHeld,
            standing.pause == nil, standing.queue.isEmpty, standing.deciding.step == .idle,
            standing.facts.waitingFor != .usageLimit
        else { return nil }
        return standing.progressAt.advanced(by: settings.stallTimeout)
    }

    private mutating func stall(_ branch: String, _ now: Timestamp) {
        guard let standing = standings[branch] else { return }
        let state = standing.facts.state ?? .unknown
        // Nobody but a person can answer a question that stands on the screen.
        let isForPerson = state == .waiting
        guard isForPerson || standing.stalls >= settings.stallRetriesBeforeNotify else {
            return change(branch) {
                $0.stalls += 1
                $0.progressAt = now
                $0.deciding.prompt = .stuckDetection
                $0.deciding.nextAt = min($0.deciding.nextAt, now)
            }
        }
        let seconds = Int64(standing.stalls + 1) * settings.stallTimeout.components.seconds
        let what =
            isForPerson
            ? "its agent waits for \(standing.facts.waitingFor?.rawValue ?? "an answer")"
            : "its agent is \(state.rawValue) and shows nothing new"
        pause(branch, .stall, "\(what) for \(seconds) s", now)
    }
}
