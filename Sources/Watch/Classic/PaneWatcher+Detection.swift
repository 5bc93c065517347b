internal import Config
internal import Core
internal import Fleet
internal import Logging
internal import Store

extension PaneWatcher {
    /// Every dialog that the policy can name; nil when no rules can be read, which whoever reads screens says.
    var dialogIDs: [String]? { try? hosts.detection.library().dialogIDs }

    /// Says at the start which files of detection rules cannot be used.
    func checkDetection() {
        do {
            for failure in try hosts.detection.library().failures {
                log.error("detection rules: \(failure.message)")
            }
        } catch {
            failed("detection rules", error)
        }
    }

    /// Writes down a dialog that a pane shows, with the answer that the policy has for it, if it has one.
    func noteDialog(_ dialog: DetectedDialog?, of watch: PaneWatch) async throws {
        if !watch.knowsDialogs {
            if let (identity, isAnswered) = try await store.lastDialog(of: watch.subject, generation: 0) {
                watch.dialogs.decide(identity, isAnswered: isAnswered)
            }
            watch.knowsDialogs = true
        }
        let offset = watch.follower?.offset ?? 0
        guard let sighting = watch.dialogs.observe(dialog, tapOffset: offset, at: now) else { return }
        let answer = policy.policy.answer(to: sighting.dialog, on: watch.machine.facts)
        let step = WatchStep(
            sighting: sighting, of: watch.subject, name: watch.id.description, generation: 0, answer: answer,
            at: now)
        try await store.commit(step, for: watch.subject, at: now)
        step.decisions(of: watch.id, place: watch.place).forEach(parts.tell)
        watch.dialogs.decide(sighting.dialog.identity, isAnswered: answer.rule != nil)
        log.info("\(watch.label): shows the dialog \(sighting.dialog.rule): \(answer.why.visible)")
        if answer.rule != nil { parts.wakeHands() }
    }
}
