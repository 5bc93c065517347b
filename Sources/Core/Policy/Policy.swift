/// What a fleet does with what it sees: the contents of a policy file.
public struct Policy: Sendable, Equatable {
    /// Sentences for people, shown in the dashboard.
    public var principles: [String]
    /// In the order of the file; may be empty.
    public var pipelines: [Pipeline]
    public var dialogs: [DialogRule]
    public var gates: [Gate]

    public init(
        principles: [String] = [], pipelines: [Pipeline], dialogs: [DialogRule] = [], gates: [Gate] = []
    ) {
        self.principles = principles
        self.pipelines = pipelines
        self.dialogs = dialogs
        self.gates = gates
    }

    /// True when a condition looks at lines: otherwise nobody need cut the taps into lines.
    public var asksForLines: Bool {
        pipelines.contains { pipeline in
            let conditions =
                pipeline.stages.flatMap { [$0.triggers, $0.successWhen, $0.failWhen] } + [pipeline.startsOn]
            return conditions.contains { condition in
                condition?.tests.contains { test in
                    if case .logRegex = test.test { true } else { false }
                } ?? false
            }
        }
    }

    public func pipeline(named name: String) -> Pipeline? { pipelines.first { $0.name == name } }
}

/// A line and a column of the policy file, both from 1; 0 for values that no file holds.
public struct PolicyPosition: Sendable, Hashable {
    public var line: Int
    public var column: Int

    public init(line: Int, column: Int) {
        self.line = line
        self.column = column
    }

    public static let none = PolicyPosition(line: 0, column: 0)
}

/// An ordered list of stages and whom it is for.
public struct Pipeline: Sendable, Equatable {
    /// What happens to an event of `startsOn` while a run is under way.
    public enum WhenBusy: String, Sendable, Codable, CaseIterable { case queue, restart, ignore }

    public var name: String
    /// Nil: every agent.
    public var match: PipelineMatch?
    /// Each event that satisfies it begins another run; nil: one run per subject, which begins by itself.
    public var startsOn: Condition?
    public var whenBusy: WhenBusy
    /// Git hooks that fire inside a run's own shell action begin runs, too.
    public var isRecursive: Bool
    /// Never empty in a policy that was checked.
    public var stages: [Stage]
    public var position: PolicyPosition

    public init(
        name: String, match: PipelineMatch? = nil, startsOn: Condition? = nil, whenBusy: WhenBusy = .queue,
        isRecursive: Bool = false, stages: [Stage], position: PolicyPosition = .none
    ) {
        self.name = name
        self.match = match
        self.startsOn = startsOn
        self.whenBusy = whenBusy
        self.isRecursive = isRecursive
        self.stages = stages
        self.position = position
    }

    public func stage(named name: String) -> Stage? { stages.first { $0.name == name } }

    /// Every regular expression that lines of the screen are searched for.
    public var linePatterns: [Pattern] {
        let conditions = stages.flatMap { [$0.triggers, $0.successWhen, $0.failWhen] } + [startsOn]
        return conditions.compactMap(\.self).flatMap(\.tests).compactMap { test, _ in
            if case .logRegex(let pattern) = test { pattern } else { nil }
        }
    }

    /// Whether a stage types into the subject's pane, which the main checkout does not have.
    public var typesIntoPane: Bool {
        stages.contains { stage in
            stage.actionsOnStart.contains { action in
                switch action {
                case .sendKeys, .keys: true
                case .shell, .notify, .emit, .spawn: false
                }
            }
        }
    }
}

/// Answers a start-up dialog or a permission question that the detection rules recognised.
public struct DialogRule: Sendable, Equatable {
    /// Glob over the ids of detection rules.
    public var rule: String
    /// The text of the option to choose, never its number or its place; a `*` stands for any text.
    public var option: String
    public var match: PipelineMatch?
    public var position: PolicyPosition

    public init(rule: String, option: String, match: PipelineMatch? = nil, position: PolicyPosition = .none) {
        self.rule = rule
        self.option = option
        self.match = match
        self.position = position
    }
}

/// Stages that must be completed before a git operation goes through.
public struct Gate: Sendable, Equatable {
    /// `pre-push`.
    public var hook: String
    /// Glob over branch names; `*` crosses `/`.
    public var branch: String
    /// Names of stages.
    public var require: [String]
    public var position: PolicyPosition

    public init(hook: String, branch: String, require: [String], position: PolicyPosition = .none) {
        self.hook = hook
        self.branch = branch
        self.require = require
        self.position = position
    }

    public func applies(toBranch name: String) -> Bool { Glob.branch(branch).matches(name) }
}
