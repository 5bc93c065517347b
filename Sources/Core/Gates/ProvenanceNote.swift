/// What a commit's note says of the agent that made it and of what was found out about it.
///
/// It is JSON with sorted keys: readable with `git log --notes=tmux-agent`, and by programs.
public struct ProvenanceNote: Sendable, Equatable {
    /// One run that was about the commit.
    public struct Run: Sendable, Equatable {
        public var id: RunID
        public var pipeline: String
        public var state: String
        /// Names of the stages that were completed.
        public var passed: [String]
        public var failed: [String]
        public var approvals: [Answer]

        public init(
            id: RunID, pipeline: String, state: String, passed: [String], failed: [String],
            approvals: [Answer]
        ) {
            self.id = id
            self.pipeline = pipeline
            self.state = state
            self.passed = passed
            self.failed = failed
            self.approvals = approvals
        }
    }

    /// What a person decided about a stage.
    public struct Answer: Sendable, Equatable {
        public var stage: String
        public var decision: String
        public var by: String
        public var through: String
        public var at: String
        public var reason: String?

        public init(
            stage: String, decision: String, by: String, through: String, at: String, reason: String? = nil
        ) {
            self.stage = stage
            self.decision = decision
            self.by = by
            self.through = through
            self.at = at
            self.reason = reason
        }
    }

    public var agent: String
    public var branch: String
    /// Which program: the kind of detection rules, such as `claude`.
    public var program: String
    public var template: String?
    public var model: String?
    public var task: String?
    /// Runs about this commit, the oldest first; empty for one that no run was about.
    public var runs: [Run]

    /// A longer task is cut.
    public static let longestTask = 500
    /// Where notes are kept.
    public static let reference = "refs/notes/tmux-agent"

    public init(
        agent: String, branch: String, program: String, template: String?, model: String?, task: String?,
        runs: [Run] = []
    ) {
        self.agent = agent
        self.branch = branch
        self.program = program
        self.template = template
        self.model = model
        self.task = task.map { String($0.prefix(Self.longestTask)) }
        self.runs = runs
    }

    /// With a run in place of what was known of it.
    public func adding(_ run: Run) -> ProvenanceNote {
        var note = self
        if let index = note.runs.firstIndex(where: { $0.id == run.id }) {
            note.runs[index] = run
        } else {
            note.runs.append(run)
        }
        return note
    }
}

extension ProvenanceNote {
    public var json: JSONValue {
        var object: JSONObject = [
            "agent": .string(agent), "branch": .string(branch), "program": .string(program),
            "runs": .array(runs.map(\.json)),
        ]
        object["template"] = template.map { .string($0) } ?? .null
        object["model"] = model.map { .string($0) } ?? .null
        object["task"] = task.map { .string($0) } ?? .null
        return .object(object)
    }

    public var text: String { json.prettyPrinted() + "\n" }

    /// Nil for a note that somebody else wrote.
    public init?(text: String) {
        guard let json = try? JSONValue.parse(text), let agent = json["agent"]?.string,
            let branch = json["branch"]?.string, let program = json["program"]?.string
        else { return nil }
        self.init(
            agent: agent, branch: branch, program: program, template: json["template"]?.string,
            model: json["model"]?.string, task: json["task"]?.string,
            runs: (json["runs"]?.array ?? []).compactMap(Run.init))
    }
}

extension ProvenanceNote.Run {
    var json: JSONValue {
        [
            "run": .string(id.rawValue), "pipeline": .string(pipeline), "state": .string(state),
            "passed": .array(passed.map { .string($0) }), "failed": .array(failed.map { .string($0) }),
            "approvals": .array(approvals.map(\.json)),
        ]
    }

    init?(_ json: JSONValue) {
        guard let id = json["run"]?.string, let pipeline = json["pipeline"]?.string,
            let state = json["state"]?.string
        else { return nil }
        self.init(
            id: RunID(id), pipeline: pipeline, state: state,
            passed: (json["passed"]?.array ?? []).compactMap(\.string),
            failed: (json["failed"]?.array ?? []).compactMap(\.string),
            approvals: (json["approvals"]?.array ?? []).compactMap(ProvenanceNote.Answer.init))
    }
}

extension ProvenanceNote.Answer {
    var json: JSONValue {
        var object: JSONObject = [
            "stage": .string(stage), "decision": .string(decision), "by": .string(by),
            "through": .string(through), "at": .string(at),
        ]
        object["reason"] = reason.map { .string($0) } ?? .null
        return .object(object)
    }

    init?(_ json: JSONValue) {
        guard let stage = json["stage"]?.string, let decision = json["decision"]?.string,
            let by = json["by"]?.string, let through = json["through"]?.string, let at = json["at"]?.string
        else { return nil }
        self.init(
            stage: stage, decision: decision, by: by, through: through, at: at,
            reason: json["reason"]?.string)
    }
}
