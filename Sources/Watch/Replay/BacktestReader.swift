internal import Core
internal import Fleet
internal import Store

/// Collects what the journal says, row by row.
struct BacktestReader {
    let records: BacktestRecords
    let since: Timestamp

    private var store: FleetStore { records.store }

    /// The facts of every subject that `includes` takes, in the order of their appearance.
    func read(_ includes: (Subject) -> Bool) async throws -> [BacktestFacts] {
        let agents = try await store.agents(includingRemoved: true)
        let bySubject = Dictionary(agents.map { ($0.subject, $0) }) { $1 }
        var order = agents.map(\.subject) + [.mainCheckout]
        var found: [Subject: BacktestFacts] = [:]
        let begin = try await store.journalPlace(at: since)
        var place = begin
        while true {
            let entries = try await store.journal(after: place, limit: 500)
            guard let last = entries.last else { break }
            place = last.id
            for entry in entries where includes(entry.subject) {
                let subject = entry.subject
                var facts = found[subject] ?? BacktestFacts(subject: subject, agent: bySubject[subject])
                if case .pane = subject, found[subject] == nil {
                    order.append(subject)
                    facts.sight = try await store.newestEntry(.paneSeen, of: subject, upTo: begin)
                        .flatMap { PaneSight($0.payload) }
                }
                try await take(entry, into: &facts)
                found[subject] = facts
            }
        }
        for subject in order where found[subject] != nil {
            // That people are told of a question goes without saying: it follows from the question.
            let actions = try await store.recordedActions(of: subject, since: since)
                .filter { ApprovalNoticeID($0.item.id) == nil }
            found[subject]?.actions = actions
            found[subject]?.did += actions.compactMap(Self.decision)
        }
        return order.compactMap { found[$0] }.map { facts in
            var facts = facts
            // Rows of one transaction share their time: the order in which they were found stays.
            facts.did = facts.did.enumerated()
                .sorted { ($0.element.deed.at, $0.offset) < ($1.element.deed.at, $1.offset) }.map(\.element)
            return facts
        }
    }

    private func take(_ entry: JournalEntry, into facts: inout BacktestFacts) async throws {
        func add(_ what: RecordedFact.What) { facts.facts.append(RecordedFact(at: entry.at, what: what)) }
        let payload = entry.payload
        switch entry.kind {
        case .emit where entry.draft.source != "policy" && payload["duplicate"] != true:
            if let body = entry.signalBody { add(.signal(body)) }
        case .marker where payload["duplicate"] != true:
            guard let marker = payload["marker"]?.object else { break }
            let body = Signal.Body.marker(Marker(payload: marker), source: "screen")
            facts.markers.append((entry.at, entry.draft.tapOffset ?? 0, body))
        case .agentState:
            guard let state = payload["state"]?.string.flatMap(AgentState.init) else { break }
            add(
                .signal(
                    .state(
                        state, waitingFor: payload["waiting_for"]?.string.flatMap(WaitingFor.init),
                        exitStatus: payload["exit_status"]?.integer.map { Int32(truncatingIfNeeded: $0) })))
            // Of an agent another row says so.
            if state == .gone, facts.pane != nil { add(.removed) }
        case .paneSeen:
            guard let sight = PaneSight(payload) else { break }
            facts.sight = facts.sight ?? sight
            add(.seen(sight))
        case .agentStarted: add(.started)
        case .agentRemoved: add(.removed)
        case .gitHook:
            if let event = await records.hookEvent(payload, run: entry.draft.run) { add(.hook(event)) }
        case .approvalAnswered:
            guard let id = payload["approval"]?.string,
                let approval = try await store.approval(ApprovalID(id)), let answer = approval.answer,
                answer.through != "expiry"
            else { break }
            add(.answered(approval, answer))
        case .policyRequested: add(.requested(entry.policyRequest))
        case .tapGap:
            facts.notes.append("\(entry.at.iso8601): \(payload["why"]?.string ?? "the tap has a gap")")
            if payload["missing_bytes"] != nil { facts.gap = entry.at }
        default:
            if let decision = try await decision(of: entry) { facts.did.append(decision) }
        }
    }

    /// What a row says that a policy decided; nil for other rows.
    private func decision(of entry: JournalEntry) async throws -> Decision? {
        let payload = entry.payload
        var deed = PolicyDeed(
            at: entry.at, pipeline: payload["pipeline"]?.string ?? "", stage: entry.draft.stage,
            kind: .ignored, why: payload["why"]?.string ?? "")
        switch entry.kind {
        case .runChanged:
            guard let to = payload["to"]?.string else { return nil }
            deed.kind = .run(to)
        case .stageChanged:
            guard let to = payload["to"]?.string.flatMap(StageState.init) else { return nil }
            deed.kind = .stage(to)
        case .approvalAsked:
            guard let id = payload["approval"]?.string,
                let approval = try await store.approval(ApprovalID(id))
            else { return nil }
            deed.pipeline = approval.pipeline
            deed.kind = .asked(question: approval.question)
        case .escalated:
            guard let code = payload["code"]?.string else { return nil }
            deed.pipeline = try await pipeline(of: entry.draft.run)
            deed.kind = .escalated(code: code)
        default: return nil
        }
        return Decision(deed)
    }

    private func pipeline(of run: RunID?) async throws -> String {
        guard let run else { return "" }
        do throws(StoreError) {
            return try await store.run(run).pipeline
        } catch .runNotFound {
            return ""
        }
    }

    /// Escalations are known by their own rows; their messages and hooks would say the same again.
    private static func decision(_ action: RecordedAction) -> Decision? {
        let parts = action.item.id.rawValue.split(separator: "/")
        guard action.item.run != nil, let stage = action.item.stage, parts.dropLast().last != "escalate"
        else {
            return nil
        }
        var detail = action.item.state == .done ? "" : action.item.state.rawValue
        if let code = action.exitCode { detail = "exit \(code)" }
        return Decision(
            PolicyDeed(
                at: action.item.createdAt, pipeline: action.pipeline ?? "", stage: stage,
                kind: .action(action.item.action)), detail: detail)
    }
}
