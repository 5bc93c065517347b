/// One task of the orchestrator as it was asked for: a branch, what to do on it, and what must be there first.
public struct PlannedTask: Sendable, Equatable, Codable, Identifiable {
    public var branch: String
    /// What people call it; the branch where there is none.
    public var title: String
    /// What its agent is told.
    public var task: String?
    public var template: String?
    /// A profile of fleet.toml.
    public var agent: String?
    /// Branches of tasks that must be done before it begins.
    public var dependsOn: [String]
    /// The highest begins first.
    public var priority: Int
    public var responsible: String?
    /// The phases that it goes through, for people and prompts.
    public var phases: [String]
    public var tags: [String]
    /// Stages that must be COMPLETED before it is done; empty: whatever pipelines ran for it.
    public var stages: [String]
    /// It is done only when its branch is contained in its base.
    public var mustBeMerged: Bool
    /// Whether the decider is asked about it.
    public var isDecided: Bool

    public var id: String { branch }

    public init(
        branch: String, title: String? = nil, task: String? = nil, template: String? = nil,
        agent: String? = nil, dependsOn: [String] = [], priority: Int = 0, responsible: String? = nil,
        phases: [String] = [], tags: [String] = [], stages: [String] = [], mustBeMerged: Bool = false,
        isDecided: Bool = true
    ) {
        self.branch = branch
        self.title = title ?? branch
        self.task = task
        self.template = template
        self.agent = agent
        self.dependsOn = dependsOn
        self.priority = priority
        self.responsible = responsible
        self.phases = phases
        self.tags = tags
        self.stages = stages
        self.mustBeMerged = mustBeMerged
        self.isDecided = isDecided
    }

    private enum CodingKeys: String, CodingKey {
        case branch, title, task, template, agent
        case dependsOn = "depends_on"
        case priority, responsible, phases, tags, stages
        case mustBeMerged = "merged"
        case isDecided = "decide"
    }

    /// Absent keys have their defaults, so that what an older program stored stays readable.
    public init(from decoder: any Decoder) throws {
        let values = try decoder.container(keyedBy: CodingKeys.self)
        branch = try values.decode(String.self, forKey: .branch)
        title = try values.decodeIfPresent(String.self, forKey: .title) ?? branch
        task = try values.decodeIfPresent(String.self, forKey: .task)
        template = try values.decodeIfPresent(String.self, forKey: .template)
        agent = try values.decodeIfPresent(String.self, forKey: .agent)
        dependsOn = try values.decodeIfPresent([String].self, forKey: .dependsOn) ?? []
        priority = try values.decodeIfPresent(Int.self, forKey: .priority) ?? 0
        responsible = try values.decodeIfPresent(String.self, forKey: .responsible)
        phases = try values.decodeIfPresent([String].self, forKey: .phases) ?? []
        tags = try values.decodeIfPresent([String].self, forKey: .tags) ?? []
        stages = try values.decodeIfPresent([String].self, forKey: .stages) ?? []
        mustBeMerged = try values.decodeIfPresent(Bool.self, forKey: .mustBeMerged) ?? false
        isDecided = try values.decodeIfPresent(Bool.self, forKey: .isDecided) ?? true
    }
}
