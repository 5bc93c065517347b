extension OrchestratorMachine {
    /// Begins tasks while there is room, and starts agents again whose pause is over.
    mutating func admit(_ now: Timestamp) {
        for branch in active.sorted() {
            guard let due = startTime(branch), due <= now else { continue }
            start(branch, now)
        }
        guard mayAdmit, hasRoom else { return }
        mayAdmit = false
        for branch in line where hasRoom {
            guard isReady(branch) else { continue }
            move(branch, to: .starting, why: "its dependencies are done and there is room", now)
            start(branch, now)
        }
    }

    /// What keeps the next task from beginning; nil: there is room.
    public var shortage: Shortage? { settings.shortage(active: active.count, capacity) }

    private var hasRoom: Bool { shortage == nil }

    /// Waiting tasks that begin as soon as there is room, in this order.
    public var ready: [String] { line.filter(isReady) }

    private func isReady(_ branch: String) -> Bool {
        guard let standing = standings[branch], standing.state == .waiting, !standing.isHeld,
            standing.conflict == nil, let task = graph[branch]
        else { return false }
        return task.dependsOn.allSatisfy { standings[$0]?.state == .done }
    }

    private mutating func start(_ branch: String, _ now: Timestamp) {
        change(branch) {
            $0.starts += 1
            $0.notBefore = nil
        }
        effects.append(.spawn(branch: branch))
    }

    private func startTime(_ branch: String) -> Timestamp? {
        guard let standing = standings[branch], standing.state == .starting, !standing.isHeld else {
            return nil
        }
        return standing.notBefore
    }

    /// When something falls due by itself; nil while only events can bring anything about.
    public func nextDeadline(after now: Timestamp) -> Timestamp? {
        var first: Timestamp?
        for branch in active.union(summing) {
            for time in deadlines(of: branch) where time > now && time < first ?? .never { first = time }
        }
        for command in outlasting.compactMap({ commands[$0] }) {
            for time in ends(of: command) where time > now && time < first ?? .never { first = time }
        }
        return first
    }

    private func deadlines(of branch: String) -> [Timestamp] {
        var times = [startTime(branch), decisionTime(branch), stallTime(branch)].compactMap(\.self)
        guard let standing = standings[branch], let id = standing.queue.first, let command = commands[id]
        else { return times }
        switch command.state {
        case .running: times += ends(of: command)
        case .queued:
            if let due = dueTime(command, standing) { times.append(due) }
            times.append(command.createdAt.advanced(by: settings.commandExpiry))
        default: break
        }
        return times
    }

    /// When a running command is interrupted, and when nobody waits for it any more.
    private func ends(of command: QueuedCommand) -> [Timestamp] {
        [interruptTime(command), giveUpTime(command)].compactMap(\.self)
    }

    /// As ``TaskGraph/blockers(_:)``, of all tasks.
    public var blockers: [String: String] { graph.blockers(standings) }
}

extension TaskGraph {
    /// Waiting tasks that cannot begin by themselves any more, each with what is to be mended: the dependency that failed, was
    /// given up, or waits for a person itself; of a task whose dependencies conflict the one that cannot be merged.
    ///
    /// A task without a standing waits.
    public func blockers(_ standings: [String: TaskStanding]) -> [String: String] {
        var blockers: [String: String] = [:]
        func isWaiting(_ branch: String) -> Bool { (standings[branch]?.state ?? .waiting) == .waiting }
        for branch in inOrder where isWaiting(branch) {
            blockers[branch] = standings[branch]?.conflict?.dependency
            for dependency in self[branch]?.dependsOn ?? [] where blockers[branch] == nil {
                switch standings[dependency]?.state {
                case .failed?, .cancelled?: blockers[branch] = dependency
                case .waiting? where standings[dependency]?.conflict != nil: blockers[branch] = dependency
                case .waiting?, nil: blockers[branch] = blockers[dependency]
                default: break
                }
            }
        }
        return blockers
    }
}
