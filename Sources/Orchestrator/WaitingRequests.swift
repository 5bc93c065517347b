internal import Core
internal import Store

/// What people asked while nobody orchestrated.
struct WaitingRequests: Sendable {
    private let entries: [JournalEntry]
    /// Rows in which tasks were removed: what was asked before is nothing to a task that was added again.
    let removals: [String: Int64]

    /// Those behind `position`, up to which an orchestrator took them up.
    init(store: FleetStore, after position: Int64) async throws {
        let rows = try await store.journal(
            after: position, kinds: [.taskRequested, .taskRemoved], limit: 10_000)
        let removals = Dictionary(
            rows.filter { $0.kind == .taskRemoved }.compactMap { row in row.branch.map { ($0, row.id) } },
            uniquingKeysWith: max)
        entries = rows.filter { row in
            row.kind == .taskRequested && row.id > row.branch.flatMap { removals[$0] } ?? 0
        }
        self.removals = removals
    }

    /// Those that no orchestrator took up.
    init(store: FleetStore) async throws {
        try await self.init(store: store, after: try await store.journalCursor(TaskOrchestrator.reader))
    }

    /// Holds what is to be held or given up before anything begins: the requests themselves follow.
    func hold(
        _ standings: inout [String: TaskStanding], _ commands: inout [QueuedCommand],
        among tasks: [PlannedTask],
        new: TaskStanding
    ) {
        let unwanted = Set(entries.compactMap { $0.payload["command"]?.string })
        for index in commands.indices where unwanted.contains(commands[index].id) {
            commands[index].dueAt = Timestamp(milliseconds: .max)
        }
        for (branch, request) in requests where request == .hold || request == .cancel {
            guard tasks.contains(where: { $0.branch == branch }) else { continue }
            standings[branch, default: new].isHeld = true
        }
    }

    /// As the machine learns of them, in order.
    var events: [OrchestratorEvent] { entries.compactMap(Self.event) }

    /// What a request means; nil when it is none.
    static func event(_ entry: JournalEntry) -> OrchestratorEvent? {
        if let command = entry.payload["command"]?.string {
            return .cancelled(command: command, by: entry.draft.source)
        }
        guard let branch = entry.payload["branch"]?.string,
            let request = entry.payload["request"]?.string.flatMap(TaskRequest.init(rawValue:))
        else { return nil }
        return .requested(branch: branch, request: request)
    }

    /// Tasks that begin nothing as soon as somebody orchestrates, with the word for it.
    var statuses: [String: String] {
        var statuses: [String: String] = [:]
        for (branch, request) in requests {
            switch request {
            case .hold: statuses[branch] = statuses[branch] ?? "held"
            case .cancel: statuses[branch] = TaskStanding.State.cancelled.rawValue
            case .release where statuses[branch] == "held": statuses[branch] = nil
            case .retry where statuses[branch] == TaskStanding.State.cancelled.rawValue:
                statuses[branch] = nil
            case .release, .retry: break
            }
        }
        return statuses
    }

    /// What was asked of this task at last, so that it does not stand as it is stored.
    func last(of branch: String) -> TaskRequest? { requests.last { $0.branch == branch }?.request }

    private var requests: [(branch: String, request: TaskRequest)] {
        events.compactMap {
            if case .requested(let branch, let request) = $0 { (branch, request) } else { nil }
        }
    }
}

extension JournalEntry {
    /// The task that a row of the orchestrator is about.
    var branch: String? { payload["branch"]?.string }
}
