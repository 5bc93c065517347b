/// How the screens of one kind of agent are judged: data, because their glyphs change every few months.
public struct DetectionRules: Sendable, Equatable {
    public var kind: AgentKind
    /// Program and version whose screens the rules were made from.
    public var seenOn: String
    /// Program names that mean this kind.
    public var programs: [String]
    /// What an agent shows that takes a prompt.
    public var ready: Conditions
    public var rules: [Rule]
    public var composer: Composer?
    public var dialogs: [Dialog]

    public init(
        kind: AgentKind, seenOn: String, programs: [String], ready: Conditions, rules: [Rule],
        composer: Composer?, dialogs: [Dialog]
    ) {
        self.kind = kind
        self.seenOn = seenOn
        self.programs = programs
        self.ready = ready
        self.rules = rules
        self.composer = composer
        self.dialogs = dialogs
    }

    /// A regular expression that must, or must not, be found in a region.
    public struct Condition: Sendable, Equatable {
        public var region: ScreenView.Region
        public var pattern: Pattern

        public init(region: ScreenView.Region, pattern: Pattern) {
            self.region = region
            self.pattern = pattern
        }
    }

    /// All of `all`, at least one of `any` if there is one, and nothing of `none`.
    public struct Conditions: Sendable, Equatable {
        public var all: [Condition]
        public var any: [Condition]
        public var none: [Condition]

        public init(all: [Condition] = [], any: [Condition] = [], none: [Condition] = []) {
            self.all = all
            self.any = any
            self.none = none
        }

        public var isEmpty: Bool { all.isEmpty && any.isEmpty && none.isEmpty }
    }

    /// One way to see a state; of the rules that hold, the one with the highest priority decides.
    public struct Rule: Sendable, Equatable {
        public var name: String
        public var state: AgentState
        public var waitingFor: WaitingFor?
        public var priority: Int
        public var conditions: Conditions

        public init(
            name: String, state: AgentState, waitingFor: WaitingFor?, priority: Int, conditions: Conditions
        ) {
            self.name = name
            self.state = state
            self.waitingFor = waitingFor
            self.priority = priority
            self.conditions = conditions
        }
    }

    /// Where typed text appears.
    public struct Composer: Sendable, Equatable {
        /// Matches the composer's first row.
        public var row: Condition
        /// Matches that row when nothing is typed, placeholders included.
        public var empty: Pattern

        public init(row: Condition, empty: Pattern) {
            self.row = row
            self.empty = empty
        }
    }

    /// A question with options to choose from.
    public struct Dialog: Sendable, Equatable {
        public var name: String
        public var waitingFor: WaitingFor
        public var conditions: Conditions
        /// Matches the text of the option that goes on, such as "Yes, I trust this folder".
        public var accept: Pattern?

        public init(name: String, waitingFor: WaitingFor, conditions: Conditions, accept: Pattern?) {
            self.name = name
            self.waitingFor = waitingFor
            self.conditions = conditions
            self.accept = accept
        }
    }
}
