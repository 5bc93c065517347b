/// How actions end while a policy is rehearsed: nothing is typed, run or sent.
public struct RehearsedHands: Sendable, Equatable {
    /// How one action ends.
    public struct Ending: Sendable, Equatable {
        public var state: OutboxItem.State
        public var exitCode: Int32?
        public var detail: String?
        /// From when it was handed out.
        public var after: Duration

        public init(
            _ state: OutboxItem.State, exitCode: Int32? = nil, detail: String? = nil, after: Duration = .zero
        ) {
            self.state = state
            self.exitCode = exitCode
            self.detail = detail
            self.after = after
        }

        public static let done = Ending(.done)
        public static func exit(_ code: Int32, after: Duration = .zero) -> Ending {
            Ending(code == 0 ? .done : .failed, exitCode: code, after: after)
        }
    }

    /// Endings one after another, by an action's `rehearsalKey`: a shell action's command line.
    public var endings: [String: [Ending]]
    /// The last ending counts for every further time, too.
    public var repeatsLast: Bool
    /// For commands that have no endings, or no more; nil: they stay under way.
    public var otherShell: Ending?
    /// The same for typing, keys and spawned agents.
    public var others: Ending?

    public init(
        endings: [String: [Ending]] = [:], repeatsLast: Bool = true, otherShell: Ending? = nil,
        others: Ending? = .done
    ) {
        self.endings = endings
        self.repeatsLast = repeatsLast
        self.otherShell = otherShell
        self.others = others
    }

    /// How `action` ends, and whether that was written down for it; nil while nobody says.
    mutating func ending(of action: Action) -> (ending: Ending, isKnown: Bool)? {
        let key = action.rehearsalKey
        guard let known = endings[key], let first = known.first else {
            if case .shell = action { return otherShell.map { ($0, false) } }
            return others.map { ($0, false) }
        }
        if known.count > 1 || !repeatsLast { endings[key] = Array(known.dropFirst()) }
        return (first, true)
    }
}

extension Action {
    /// By what the endings of equal actions are found: the command line, or the action in words.
    public var rehearsalKey: String {
        if case .shell(let command, _, _) = self { command } else { words }
    }
}
