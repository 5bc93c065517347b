/// What is known about the subject of a policy machine.
public struct SubjectFacts: Sendable, Equatable {
    public var subject: Subject
    /// The checked-out branch; nil for a detached HEAD or an unknown pane.
    public var branch: String?
    public var template: String?
    /// The agent profile's name.
    public var agent: String?
    public var session: String?
    /// `local` without hosts.
    public var host: String?
    public var windowName: String?
    public var paneTitle: String?
    /// HEAD as a full object id: the commit of a run that no git hook began.
    public var commit: String?
    public var state: AgentState
    /// When the subject came to be: timers of `starts_on` count from here until a run has ended.
    public var since: Timestamp

    public init(
        subject: Subject, branch: String? = nil, template: String? = nil, agent: String? = nil,
        session: String? = nil, host: String? = nil, windowName: String? = nil, paneTitle: String? = nil,
        commit: String? = nil, state: AgentState = .unknown, since: Timestamp
    ) {
        self.subject = subject
        self.branch = branch
        self.template = template
        self.agent = agent
        self.session = session
        self.host = host
        self.windowName = windowName
        self.paneTitle = paneTitle
        self.commit = commit
        self.state = state
        self.since = since
    }
}

/// For which subjects a pipeline is: `any_of` and `all_of` of entries.
public indirect enum PipelineMatch: Sendable, Equatable {
    case entry(Entry)
    case any([PipelineMatch])
    case all([PipelineMatch])

    /// All keys of an entry must hold.
    public struct Entry: Sendable, Equatable {
        public enum Checkout: String, Sendable, CaseIterable { case main, agent }

        /// Regular expressions, searched.
        public var windowName: Pattern?
        public var paneTitle: Pattern?
        /// Globs; in `branch` a `*` crosses `/`.
        public var branch: String?
        public var template: String?
        public var agent: String?
        public var session: String?
        public var host: String?
        /// Says outright that the entry is for the main checkout, or that it is not.
        public var checkout: Checkout?
        public var position: PolicyPosition

        public init(
            windowName: Pattern? = nil, paneTitle: Pattern? = nil, branch: String? = nil,
            template: String? = nil, agent: String? = nil, session: String? = nil, host: String? = nil,
            checkout: Checkout? = nil, position: PolicyPosition = .none
        ) {
            self.windowName = windowName
            self.paneTitle = paneTitle
            self.branch = branch
            self.template = template
            self.agent = agent
            self.session = session
            self.host = host
            self.checkout = checkout
            self.position = position
        }

        /// Whether a key asks for something that only a pane or an agent has.
        public var needsPane: Bool {
            windowName != nil || paneTitle != nil || template != nil || agent != nil || session != nil
                || host != nil
        }
    }

    public var entries: [Entry] {
        switch self {
        case .entry(let entry): [entry]
        case .any(let parts), .all(let parts): parts.flatMap(\.entries)
        }
    }

    /// Whether the subject is meant.
    ///
    /// The main checkout is meant by `checkout: main`; an entry that names only a branch means it too, if
    /// `includesMain` says that the pipeline can run without a pane.
    public func matches(_ facts: SubjectFacts, includesMain: Bool) -> Bool {
        switch self {
        case .entry(let entry): entry.matches(facts, includesMain: includesMain)
        case .any(let parts): parts.contains { $0.matches(facts, includesMain: includesMain) }
        case .all(let parts): parts.allSatisfy { $0.matches(facts, includesMain: includesMain) }
        }
    }
}

extension PipelineMatch.Entry {
    fileprivate func matches(_ facts: SubjectFacts, includesMain: Bool) -> Bool {
        if facts.subject == .mainCheckout {
            guard !needsPane, checkout == .main || (checkout == nil && includesMain) else { return false }
        } else if checkout == .main {
            return false
        }
        func fits(_ glob: String?, _ value: String?) -> Bool {
            guard let glob else { return true }
            guard let value else { return false }
            return Glob.branch(glob).matches(value)
        }
        func found(_ pattern: Pattern?, _ value: String?) -> Bool {
            guard let pattern else { return true }
            guard let value else { return false }
            return pattern.matches(value)
        }
        return found(windowName, facts.windowName) && found(paneTitle, facts.paneTitle)
            && fits(branch, facts.branch) && fits(template, facts.template) && fits(agent, facts.agent)
            && fits(session, facts.session) && fits(host, facts.host)
    }
}

extension Pipeline {
    /// Whether the pipeline is for this subject.
    ///
    /// A pipeline that names no subject, or only branches, is also for the main checkout when events begin
    /// its runs and it never types into a pane.
    public func matches(_ facts: SubjectFacts) -> Bool {
        let includesMain = startsOn != nil && !typesIntoPane
        guard let match else { return facts.subject != .mainCheckout || includesMain }
        return match.matches(facts, includesMain: includesMain)
    }
}
