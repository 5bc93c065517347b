public import Core
internal import Store

/// Something that the policies decided about a pane, for people who watch `run`.
public struct PaneDecision: Sendable, Equatable {
    public enum Kind: Sendable, Equatable {
        /// A run or a stage went on; the stage is nil for the run itself.
        case changed(pipeline: String, stage: String?, from: String?, to: String, why: String)
        case action(Action, stage: String?)
        case question(String, pipeline: String, stage: String)
    }

    public var pane: HostPane
    /// `session:window` of the pane.
    public var place: String
    public var kind: Kind
}

extension WatchStep {
    /// The decisions that a step writes down, in their order.
    func decisions(of pane: HostPane, place: String) -> [PaneDecision] {
        let changes = journal.compactMap { draft -> PaneDecision.Kind? in
            guard draft.kind == .stageChanged || draft.kind == .runChanged,
                let to = draft.payload["to"]?.string
            else { return nil }
            return .changed(
                pipeline: draft.payload["pipeline"]?.string ?? "", stage: draft.stage,
                from: draft.payload["from"]?.string, to: to, why: draft.payload["why"]?.string ?? "")
        }
        // A reminder is decided with its question; it is said when it goes out.
        let actions = outbox.filter { $0.dueAt <= $0.createdAt }.map {
            PaneDecision.Kind.action($0.action, stage: $0.stage)
        }
        let questions = approvals.map {
            PaneDecision.Kind.question($0.question, pipeline: $0.pipeline, stage: $0.stage)
        }
        return (changes + actions + questions).map { PaneDecision(pane: pane, place: place, kind: $0) }
    }
}
