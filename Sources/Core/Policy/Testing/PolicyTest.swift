/// One table test of a policy: what is told to it at which virtual time, and what it must do.
public struct PolicyTest: Sendable, Equatable {
    public var name: String
    public var facts: SubjectFacts
    public var isClassic: Bool
    public var hands: RehearsedHands
    public var steps: [Step]
    public var position: PolicyPosition

    public init(
        name: String, facts: SubjectFacts, isClassic: Bool = false,
        hands: RehearsedHands = RehearsedHands(), steps: [Step] = [], position: PolicyPosition = .none
    ) {
        self.name = name
        self.facts = facts
        self.isClassic = isClassic
        self.hands = hands
        self.steps = steps
        self.position = position
    }

    /// When every test begins: the times of a table count from here.
    public static let start = Timestamp(milliseconds: 1_767_225_600_000)

    public struct Step: Sendable, Equatable {
        public var position: PolicyPosition
        public var time: Time?
        public var input: Input?
        public var expected: Expectation?

        public init(
            position: PolicyPosition, time: Time? = nil, input: Input? = nil, expected: Expectation? = nil
        ) {
            self.position = position
            self.time = time
            self.input = input
            self.expected = expected
        }
    }

    public enum Time: Sendable, Equatable {
        /// From the beginning of the test.
        case at(Duration)
        /// From the step before.
        case after(Duration)
    }

    /// What is told to the policy.
    public enum Input: Sendable, Equatable {
        /// What one logical line, one hook or one `emit` means.
        case signals([Signal.Body])
        /// The oldest action under way ends; `isShell`: the oldest shell action.
        case ended(RehearsedHands.Ending, isShell: Bool)
        /// `stage`: whose question; nil: the oldest one.
        case answer(ApprovalAnswer.Decision, stage: String?, by: String, reason: String?)
        case reset(pipeline: String?, stage: String?)
        case retry(pipeline: String?)
        case removed
    }

    /// What must hold after a step; only what is written is compared.
    public struct Expectation: Sendable, Equatable {
        public struct Stage: Sendable, Equatable {
            /// `lint`, or `checks/lint` where pipelines share names of stages.
            public var name: String
            public var state: StageState?
            public var attempt: Int?
            /// Searched in the stage's reason.
            public var reason: Pattern?
            public var position: PolicyPosition

            public init(
                name: String, state: StageState? = nil, attempt: Int? = nil, reason: Pattern? = nil,
                position: PolicyPosition = .none
            ) {
                self.name = name
                self.state = state
                self.attempt = attempt
                self.reason = reason
                self.position = position
            }
        }

        public struct Run: Sendable, Equatable {
            public var pipeline: String
            /// Nil: the pipeline has no run.
            public var state: PipelineRun.State?
            public var position: PolicyPosition

            public init(pipeline: String, state: PipelineRun.State?, position: PolicyPosition = .none) {
                self.pipeline = pipeline
                self.state = state
                self.position = position
            }
        }

        /// An action as the test writes it: `fields` are the ones that must agree.
        public struct ExpectedAction: Sendable, Equatable {
            public var key: String
            public var fields: JSONObject

            public init(key: String, fields: JSONObject) {
                self.key = key
                self.fields = fields
            }
        }

        public var stages: [Stage] = []
        public var runs: [Run] = []
        /// Everything that was done since actions were last expected, in order; nil: not compared.
        public var actions: [ExpectedAction]?
        public var actionsPosition = PolicyPosition.none
        /// The open questions, oldest first; nil: not compared.
        public var asked: [String]?
        public var askedPosition = PolicyPosition.none

        public init() {}
    }
}

/// What a table test found otherwise than it expected.
public struct PolicyTestFailure: Sendable, Equatable {
    public var position: PolicyPosition
    /// What differs, and when: `stage 'ship' at 5m`.
    public var what: String
    /// One line for each thing.
    public var expected: [String]
    public var found: [String]

    public init(position: PolicyPosition, what: String, expected: [String], found: [String]) {
        self.position = position
        self.what = what
        self.expected = expected
        self.found = found
    }

    /// The lines of both sides: `  ` for equal ones, `- ` for expected ones that did not come, `+ ` for others.
    public var difference: [String] {
        let changes = found.difference(from: expected)
        var lines = expected.map { "  " + $0 }
        var removed: Set<Int> = []
        for case .remove(let offset, let line, _) in changes {
            lines[offset] = "- " + line
            removed.insert(offset)
        }
        var result: [String] = []
        var (next, position) = (0, 0)
        let insertions = Dictionary(
            changes.insertions.map { change in
                if case .insert(let offset, let line, _) = change { (offset, line) } else { (-1, "") }
            }
        ) { first, _ in first }
        while next < lines.count || insertions[position] != nil {
            if next < lines.count, removed.contains(next) {
                result.append(lines[next])
                next += 1
            } else if let line = insertions[position] {
                result.append("+ " + line)
                position += 1
            } else if next < lines.count {
                result.append(lines[next])
                next += 1
                position += 1
            }
        }
        return result
    }
}
