extension OrchestratorMachine {
    /// Puts the commands of a decision into the task's queue.
    mutating func enqueue(_ decision: Decision, for branch: String, _ now: Timestamp) {
        for content in decision.commands {
            guard !isQueued(content, branch) else { continue }
            var content = content
            if content.mode == nil, content.session == nil {
                content.mode = standings[branch]?.facts.isShell == true ? .shell : .dialogue
            }
            var command = QueuedCommand(
                id: "cmd-\(salt)-\(nextNumber)", number: nextNumber, branch: branch, content: content,
                createdAt: now, dueAt: now)
            nextNumber += 1
            if let why = refusal(of: content) {
                command.state = .refused
                command.endedAt = now
                command.detail = why
                add(command)
                effects.append(.dropped(command: command.id, state: .refused, why: why))
                continue
            }
            let needsPerson = decision.requiresConfirmation || content.risk.needsApproval
            if needsPerson {
                command.state = .confirming
                command.approval = ApprovalID("ap-\(salt)-\(command.number)")
            }
            add(command)
            change(branch) { $0.queue.append(command.id) }
            if needsPerson { effects.append(.ask(command: command.id)) }
        }
    }

    private func isQueued(_ content: DecidedCommand, _ branch: String) -> Bool {
        (standings[branch]?.queue ?? []).contains { id in
            commands[id].map { $0.state.isOpen && $0.content.isSame(as: content) } ?? false
        }
    }

    private func refusal(of content: DecidedCommand) -> String? {
        switch rules.judge(content) {
        case .allowed: nil
        case .denied(let rule): "'deny' forbids it: \(rule)"
        case .notAllowed: "nothing in 'allow' fits it"
        }
    }

    mutating func answer(_ approval: ApprovalID, _ approved: Bool, _ by: String, _ now: Timestamp) {
        guard let command = commands.values.first(where: { $0.approval == approval }),
            command.state == .confirming
        else { return }
        if approved {
            change(command: command.id) {
                $0.state = .queued
                $0.dueAt = now
            }
            // Its own time in the queue begins with the answer, too.
            renewTimes(command.branch, now)
        } else {
            end(command.id, .refused, "refused by \(by)", now)
            effects.append(.dropped(command: command.id, state: .refused, why: "refused by \(by)"))
        }
    }

    /// One command that a person does not want: it is dropped, and interrupted where it runs already.
    mutating func cancel(_ id: String, _ by: String, _ now: Timestamp) {
        guard let command = commands[id], command.state.isOpen || command.state == .dead else { return }
        guard command.state != .running else {
            change(command.branch) { $0.unwanted = id }
            guard interruptTime(command) != nil else { return }
            change(command: id) { $0.isInterrupted = true }
            effects.append(.interrupt(command: id))
            return
        }
        dismiss(id, "cancelled by \(by)", now)
    }

    mutating func take(_ result: CommandEnd, of id: String, _ now: Timestamp) {
        guard let command = commands[id], command.state == .running else { return }
        let branch = command.branch
        let isOutlasting = outlasting.remove(id) != nil
        sessionFreeAt[command.session] = now.advanced(by: settings.sessionCooldown)
        change(branch) { $0.noteProgress(now) }
        if case .exited(let code, _, _) = result { change(command: id) { $0.exitCode = code } }
        if standings[branch]?.unwanted == id {
            change(branch) { $0.unwanted = nil }
            // One that came to its end in spite of it is as good as any other.
            if let detail = result.unwantedDetail {
                return end(id, .cancelled, detail, now, after: result.duration)
            }
        }
        // What is left of a former life says nothing about the present one.
        func note(isGood: Bool, _ why: String) {
            if !isOutlasting { self.note(isGood: isGood, branch, why, now) }
        }
        switch result {
        case .exited(_, let tail, _) where command.isInterrupted:
            end(id, .failed, tail, now, after: result.duration)
            note(isGood: false, "the last one ran too long")
        case .exited(let code, let tail, _):
            end(id, code == 0 ? .done : .failed, tail, now, after: result.duration)
            note(isGood: code == 0, "the last one ended with \(code)")
        case .delivered(let receipt):
            end(id, .done, receipt, now)
            note(isGood: true, "")
        case .timedOut(let tail):
            end(id, .failed, tail, now)
            note(isGood: false, "the last one ran too long")
        case .lost(let reason):
            end(id, .failed, reason, now)
            note(isGood: false, reason)
        case .notDelivered(let reason) where isOutlasting || standings[branch]?.state.isActive != true:
            end(id, .cancelled, reason, now)
        case .notDelivered(let reason) where triesOfRound(command) < settings.commandTries:
            let pause = settings.pause(after: triesOfRound(command))
            change(command: id) {
                $0.state = .queued
                $0.isInterrupted = false
                $0.dueAt = now.advanced(by: pause)
                $0.detail = reason
            }
        case .notDelivered(let reason):
            end(id, .dead, reason, now)
            effects.append(.dropped(command: id, state: .dead, why: reason))
            note(isGood: false, reason)
        }
        completeIfDone(branch, now)
    }

    /// A person who wants a dead command tried again begins another round; `tries` counts on, for a pane may remember what a
    /// former try typed.
    private func triesOfRound(_ command: QueuedCommand) -> Int {
        (command.tries - 1) % settings.commandTries + 1
    }

    private mutating func note(isGood: Bool, _ branch: String, _ why: String, _ now: Timestamp) {
        guard standings[branch]?.state.isActive == true else { return }
        change(branch) { $0.failureStreak = isGood ? 0 : $0.failureStreak + 1 }
        let streak = standings[branch]?.failureStreak ?? 0
        guard streak >= settings.failureAlertThreshold else { return }
        pause(branch, .failures, "\(streak) commands failed one after another; \(why)", now)
    }

    /// `duration`: how long it ran as its shell says, which knows better than whoever reads of it later.
    mutating func end(
        _ id: String, _ state: QueuedCommand.State, _ detail: String, _ now: Timestamp,
        after duration: Duration? = nil
    ) {
        guard let former = commands[id] else { return }
        let branch = former.branch
        change(command: id) {
            $0.state = state
            $0.endedAt = now
            if let duration, let startedAt = $0.startedAt {
                $0.endedAt = startedAt.advanced(by: min(duration, now.distance(from: startedAt)))
            }
            $0.detail = detail
        }
        change(branch) { $0.queue.removeAll { $0 == id } }
        if former.state == .confirming { renewTimes(branch, now) }
    }

    /// The time that commands wait behind a question is none of theirs.
    private mutating func renewTimes(_ branch: String, _ now: Timestamp) {
        for id in standings[branch]?.queue ?? [] where commands[id]?.state == .queued {
            change(command: id) { $0.createdAt = now }
        }
    }

    /// Gives up what a task still had in its queue.
    ///
    /// The command that runs while its task comes to its end goes on in its session, and is often the one that reported it:
    /// its own end is awaited.
    mutating func drop(_ branch: String, _ why: String, _ now: Timestamp) {
        for id in standings[branch]?.queue ?? [] {
            guard commands[id]?.state == .running else {
                dismiss(id, why, now)
                continue
            }
            change(branch) { $0.queue.removeAll { $0 == id } }
            outlasting.insert(id)
        }
    }

    /// Cancels a command that does not run, and takes its question back.
    mutating func dismiss(_ id: String, _ why: String, _ now: Timestamp) {
        guard let command = commands[id] else { return }
        if command.state == .confirming, let approval = command.approval {
            if let asked = effects.firstIndex(of: .ask(command: id)) {
                // Nobody was asked yet.
                effects.remove(at: asked)
            } else {
                effects.append(.withdraw(approval: approval))
            }
        }
        end(id, .cancelled, why, now)
        effects.append(.dropped(command: id, state: .cancelled, why: why))
    }

    /// Begins commands whose turn has come: the branch that waited longest goes first.
    mutating func dispatch(_ now: Timestamp) {
        for id in outlasting.sorted() { watchRunning(id, now) }
        for branch in inTurn() {
            if let id = standings[branch]?.queue.first { watchRunning(id, now) }
            expire(branch, now)
            guard let id = next(branch, now), let command = commands[id] else { continue }
            change(command: id) {
                $0.state = .running
                $0.startedAt = now
                $0.tries += 1
            }
            sessionFreeAt[command.session] = .never
            change(branch) { [settings] in
                $0.servedAt = now
                $0.roundCount += 1
                if $0.roundCount >= settings.maxCommandsPerCycle {
                    $0.roundCount = 0
                    $0.roundEnds = now.advanced(by: settings.cooldown)
                }
            }
            effects.append(.run(command: id))
        }
    }

    private func inTurn() -> [String] {
        active.filter { standings[$0]?.queue.isEmpty == false }.map { branch in
            (
                standings[branch]?.servedAt?.milliseconds ?? 0, -(graph[branch]?.priority ?? 0),
                places[branch] ?? 0, branch
            )
        }.sorted { $0 < $1 }.map(\.3)
    }

    /// The command of a branch that may begin now.
    private func next(_ branch: String, _ now: Timestamp) -> String? {
        guard let standing = standings[branch], let id = standing.queue.first, let command = commands[id],
            command.state == .queued, let due = dueTime(command, standing), due <= now
        else { return nil }
        return id
    }

    /// When a queued command may begin as far as time decides; nil while something else must happen first.
    func dueTime(_ command: QueuedCommand, _ standing: TaskStanding) -> Timestamp? {
        guard standing.state == .running, !standing.isHeld, standing.pause == nil else { return nil }
        switch standing.facts.state {
        case .waiting?, .starting?, .exited?, .gone?: return nil
        case .working?, .idle?, .unknown?, nil: break
        }
        let free = sessionFreeAt[command.session] ?? command.dueAt
        guard free != .never else { return nil }
        return max(command.dueAt, free, standing.roundEnds ?? command.dueAt)
    }

    private mutating func expire(_ branch: String, _ now: Timestamp) {
        while let id = standings[branch]?.queue.first, let command = commands[id], command.state == .queued,
            command.createdAt.advanced(by: settings.commandExpiry) <= now
        {
            end(id, .expired, "nobody could take it in time", now)
            effects.append(.dropped(command: id, state: .expired, why: "nobody could take it in time"))
        }
    }

    /// Interrupts a shell command that takes too long, and gives up on what does not end even then.
    private mutating func watchRunning(_ id: String, _ now: Timestamp) {
        guard let command = commands[id], command.state == .running else { return }
        if let limit = interruptTime(command), limit <= now {
            change(command: id) { $0.isInterrupted = true }
            effects.append(.interrupt(command: id))
        }
        if let limit = giveUpTime(command), limit <= now {
            take(.timedOut(tail: "it did not end"), of: id, now)
        }
    }

    func interruptTime(_ command: QueuedCommand) -> Timestamp? {
        guard command.content.mode == .shell, command.content.keys.isEmpty, !command.isInterrupted else {
            return nil
        }
        return command.startedAt?.advanced(by: settings.commandTimeout)
    }

    func giveUpTime(_ command: QueuedCommand) -> Timestamp? {
        // A message for an agent program has time limits of its own where it is typed.
        let patience: Duration = command.content.mode == .shell ? .seconds(15) : .seconds(300)
        return command.startedAt?.advanced(by: settings.commandTimeout + patience)
    }
}

extension CommandEnd {
    /// How long the command ran, where its shell said so.
    fileprivate var duration: Duration? {
        guard case .exited(_, _, let milliseconds?) = self, milliseconds >= 0 else { return nil }
        return .milliseconds(milliseconds)
    }

    /// What is left of a command that nobody wanted; nil when it ended well all the same.
    fileprivate var unwantedDetail: String? {
        switch self {
        case .exited(code: 0, _, _), .delivered: nil
        case .exited(_, let text, _), .timedOut(let text), .notDelivered(let text), .lost(let text): text
        }
    }
}

extension QueuedCommand {
    /// What it is typed into: one command at a time.
    var session: String { content.session ?? branch }
}

extension Timestamp {
    /// While something is under way of which nobody knows when it ends.
    static var never: Timestamp { Timestamp(milliseconds: .max) }
}
