internal import Core
internal import Fleet
internal import Logging
internal import Store
internal import TerminalKit

extension Watcher {
    /// Writes down a dialog that an agent shows, together with the answer that the policy has for it, if it has one.
    ///
    /// One transaction: whoever dies behind it, the showing is known and its answer is in the outbox once.
    func noteDialog(_ dialog: DetectedDialog?, of watch: AgentWatch) async throws {
        if !watch.knowsDialogs { try await recallDialog(of: watch) }
        let offset = watch.follower?.offset ?? 0
        guard let sighting = watch.dialogs.observe(dialog, tapOffset: offset, at: now) else { return }
        let (dialog, subject) = (sighting.dialog, watch.agent.subject)
        let answer = policy.policy.answer(to: dialog, on: watch.machine.facts)
        let step = WatchStep(
            sighting: sighting, of: subject, name: watch.agent.id.rawValue,
            generation: watch.agent.generation, answer: answer, at: now)
        try await store.commit(step, for: subject, at: now)
        watch.dialogs.decide(dialog.identity, isAnswered: answer.rule != nil)
        let branch = watch.agent.place.branch.visible
        log.info("agent \(branch): shows the dialog \(dialog.rule): \(answer.why.visible)")
        if answer.rule != nil { parts.wakeHands() }
    }

    /// A dialog that a former daemon decided on may still stand there.
    private func recallDialog(of watch: AgentWatch) async throws {
        let generation = watch.agent.generation
        if let last = try await store.lastDialog(of: watch.agent.subject, generation: generation) {
            watch.dialogs.decide(last.identity, isAnswered: last.isAnswered)
        }
        watch.knowsDialogs = true
    }
}

extension FleetStore {
    /// The dialog that was last decided on since this start of the program.
    func lastDialog(
        of subject: Subject, generation: Int
    ) async throws -> (identity: String, isAnswered: Bool)? {
        guard let entry = try await newestEntry(.dialogShown, of: subject),
            entry.payload["generation"]?.integer == Int64(generation),
            let identity = entry.payload["identity"]?.string
        else { return nil }
        return (identity, entry.payload["answer"] != nil)
    }
}

extension WatchStep {
    /// Notes a showing and, if the policy has one, puts its answer into the outbox.
    init(
        sighting: DialogSightings.Sighting, of subject: Subject, name: String, generation: Int,
        answer: (rule: DialogRule?, why: String), at now: Timestamp
    ) {
        self.init()
        let dialog = sighting.dialog
        let key = "dialog/\(name)/\(generation)/\(sighting.offset)/\(Slug.hash(dialog.identity))"
        var payload = dialog.json.object ?? JSONObject()
        payload["generation"] = .integer(Int64(generation))
        payload["identity"] = .string(dialog.identity)
        payload["why"] = .string(answer.why)
        if let rule = answer.rule {
            payload["answer"] = .string(rule.option)
            let action = Action.answerDialog(
                rule: dialog.rule, option: rule.option, identity: dialog.identity)
            outbox = [
                OutboxItem(
                    id: OutboxID(key), subject: subject, run: nil, stage: nil, attempt: 1, action: action,
                    createdAt: now, dueAt: now)
            ]
        }
        journal = [
            JournalDraft(
                subject: subject, kind: .dialogShown, source: "screen", payload: payload,
                tapOffset: sighting.offset, key: key)
        ]
    }

    /// Says of a dialog's answer that it was given.
    mutating func noteAnswer(_ item: OutboxItem, _ result: ActionResult) {
        guard case .answerDialog(let rule, let option, _) = item.action, result.state == .done else { return }
        journal.append(
            JournalDraft(
                subject: item.subject, kind: .dialogAnswered, source: "hands",
                payload: [
                    "rule": .string(rule), "option": .string(option), "item": .string(item.id.rawValue),
                    "detail": result.detail.map { .string($0) } ?? .null,
                ]))
    }
}

extension JournalKind {
    /// An agent asks something by a dialog: `rule`, `question`, `options`, the policy's `answer` if it has one, `why`.
    static let dialogShown = JournalKind("dialog.shown")
    /// The policy's answer was given: `rule`, `option`, `detail`.
    static let dialogAnswered = JournalKind("dialog.answered")
}
