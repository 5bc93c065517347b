internal import Core
internal import ProcessKit
internal import Store

extension TaskOrchestrator {
    /// Takes up what agents reported and people asked and answered since the last look.
    func takeJournal() async throws {
        let kinds: [JournalKind] = [
            .marker, .emit, .approvalAnswered, .taskRequested, .taskAdded, .taskRemoved, .agentState,
            .agentRemoved, .agentStarted, .stageChanged, .runChanged,
        ]
        while true {
            let entries = try await store.journal(after: journalRead, kinds: kinds, limit: 200)
            guard let last = entries.last else { return }
            var removed: Set<String> = []
            for entry in entries {
                if entry.kind == .taskAdded {
                    planChanged = true
                } else if entry.kind == .taskRemoved {
                    if entry.id > removalsFrom, let branch = entry.branch {
                        removed.insert(branch)
                    }
                } else if let event = try await event(of: entry) {
                    try await apply(
                        event, advancing: PositionAdvance(reader: Self.reader, from: cursor, to: entry.id))
                    cursor = entry.id
                } else if ![.marker, .emit].contains(entry.kind) {
                    factsAt = nil
                }
                journalRead = entry.id
            }
            try await forget(removed)
            if planChanged { events.wake() }
            guard entries.count == 200 || last.id < 0 else { return }
        }
    }

    /// Forgets tasks that somebody removed: whoever is added under such a name afterwards is another task.
    private func forget(_ removed: Set<String>) async throws {
        guard !removed.isEmpty else { return }
        tasks.removeAll { removed.contains($0.branch) }
        planChanged = true
        try await apply(.planned(tasks: tasks), leaving: removed)
    }

    private func event(of entry: JournalEntry) async throws -> OrchestratorEvent? {
        switch entry.kind {
        case .taskRequested:
            guard entry.id > entry.branch.flatMap({ formerTasks[$0] }) ?? 0 else { return nil }
            return WaitingRequests.event(entry)
        case .approvalAnswered:
            guard entry.draft.run?.rawValue.hasPrefix("task/") == true,
                let id = entry.payload["approval"]?.string, let by = entry.payload["by"]?.string
            else { return nil }
            return .answered(
                approval: ApprovalID(id), approved: entry.payload["decision"]?.string == "approve", by: by)
        case .marker, .emit:
            guard entry.payload["duplicate"]?.bool != true, entry.id > reportsFrom,
                let branch = try await branch(of: entry.subject)
            else { return nil }
            if entry.payload["signal"]?.string == "resume" {
                return .requested(branch: branch, request: .release)
            }
            let said = entry.payload["marker"]?["phase"] ?? entry.payload["payload"]?["phase"]
            guard let phase = said?.string, !phase.isEmpty else { return nil }
            return .phase(branch: branch, phase: String(phase.prefix(100)), source: .agent)
        default: return nil
        }
    }

    private func branch(of subject: Subject) async throws -> String? {
        guard case .agent(let id) = subject else { return nil }
        if let known = machine.active.first(where: { machine.standings[$0]?.facts.agent == id }) {
            return known
        }
        // An agent may report before whoever makes it has come back.
        guard machine.active.contains(where: { machine.standings[$0]?.state == .starting }) else {
            return nil
        }
        let branch = try await store.agents().first { $0.id == id }?.place.branch
        return branch.flatMap { machine.standings[$0]?.state == .starting ? $0 : nil }
    }
}
