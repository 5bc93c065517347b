/// One thing that a policy decided, as people read it: a transition, an action, a question.
public struct PolicyDeed: Sendable, Equatable {
    public enum Kind: Sendable, Equatable {
        /// A run began or ended; the word of its new state.
        case run(String)
        /// A stage went into this state.
        case stage(StageState)
        case action(Action)
        case asked(question: String)
        case escalated(code: String)
        /// An event that would have begun a run began none.
        case ignored
    }

    public var at: Timestamp
    public var pipeline: String
    public var stage: String?
    public var kind: Kind
    /// In words for a person; empty where the kind says it all.
    public var why: String

    public init(at: Timestamp, pipeline: String, stage: String? = nil, kind: Kind, why: String = "") {
        self.at = at
        self.pipeline = pipeline
        self.stage = stage
        self.kind = kind
        self.why = why
    }

    /// The deed without its time and reason, on one line: `COMPLETED`, `shell 'make ship'`, `asks 'Ship it?'`.
    public var words: String {
        switch kind {
        case .run(let state): "run \(state)"
        case .stage(let state): state.rawValue
        case .action(let action): action.words
        case .asked(let question): "asks \(PolicyText.quoted(question))"
        case .escalated(let code): "escalates to \(PolicyText.quoted(code))"
        case .ignored: "begins no run"
        }
    }
}

extension PolicyEffect {
    /// What the effect decides that a person would want to hear of; nil for mere changes of memory.
    ///
    /// The effect itself does not say what time it is, nor which pipeline an action belongs to.
    public func deed(at time: Timestamp, pipelineOf run: (RunID) -> String?) -> PolicyDeed? {
        switch self {
        case .began(let change), .changed(let change):
            guard let to = change.to else { return nil }
            let kind = change.stage == nil ? .run(to) : StageState(rawValue: to).map(PolicyDeed.Kind.stage)
            return kind.map {
                PolicyDeed(
                    at: time, pipeline: change.run.pipeline, stage: change.stage, kind: $0, why: change.why)
            }
        case .perform(let item):
            return PolicyDeed(
                at: time, pipeline: item.run.flatMap(run) ?? "", stage: item.stage, kind: .action(item.action)
            )
        case .ask(let approval, _):
            return PolicyDeed(
                at: time, pipeline: approval.pipeline, stage: approval.stage,
                kind: .asked(question: approval.question))
        case .escalate(_, let code, let notice, let id, let stage):
            return PolicyDeed(
                at: time, pipeline: run(id) ?? "", stage: stage, kind: .escalated(code: code),
                why: notice.body)
        case .ignored(let pipeline, let why):
            return PolicyDeed(at: time, pipeline: pipeline, kind: .ignored, why: why)
        case .cancel, .expire, .cancelPending: return nil
        }
    }
}

extension Action {
    /// The action as the policy file names it, on one line: `send_keys 'npm test'`.
    public var words: String {
        switch self {
        case .sendKeys(let text, _): "send_keys \(PolicyText.quoted(text))"
        case .keys(let keys): "keys \(PolicyText.excerpt(keys.joined(separator: " ")))"
        case .shell(let command, _, _): "shell \(PolicyText.quoted(command))"
        case .notify(let notice): "notify \(PolicyText.quoted(notice.title))"
        case .emit(let name, _): "emit \(PolicyText.excerpt(name))"
        case .spawn(let branch, _, _): "spawn \(PolicyText.excerpt(branch))"
        case .answerDialog(let rule, let option, _): "answer \(rule) \(PolicyText.quoted(option))"
        }
    }
}
