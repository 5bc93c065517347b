/// What git said of a worktree beside an action or an end of a stage: the evidence that gates go by.
public struct WorktreeLook: Sendable, Equatable {
    public enum Moment: String, Sendable, CaseIterable {
        /// Right before a shell action began.
        case begin
        /// Right after it ended.
        case end
        /// When a stage was completed that ran no command: somebody reported it.
        case report
    }

    public var moment: Moment
    public var stage: String
    public var attempt: Int
    /// The commit that was checked out; nil: git did not answer in time.
    public var head: String?
    /// Tracked files that differ from the commit.
    public var changed: Int
    public var untracked: Int

    public init(
        _ moment: Moment, stage: String, attempt: Int, head: String?, changed: Int = 0, untracked: Int = 0
    ) {
        self.moment = moment
        self.stage = stage
        self.attempt = attempt
        self.head = head
        self.changed = changed
        self.untracked = untracked
    }

    public var json: JSONObject {
        var object: JSONObject = [
            "moment": .string(moment.rawValue), "attempt": .integer(Int64(attempt)),
            "changed": .integer(Int64(changed)), "untracked": .integer(Int64(untracked)),
        ]
        object["head"] = head.map { .string($0) }
        return object
    }

    /// Nil for a row that is no look.
    public init?(_ json: JSONObject, stage: String) {
        guard let moment = json["moment"]?.string.flatMap(Moment.init(rawValue:)),
            let attempt = json["attempt"]?.integer, let changed = json["changed"]?.integer,
            let untracked = json["untracked"]?.integer
        else { return nil }
        self.init(
            moment, stage: stage, attempt: Int(attempt), head: json["head"]?.string, changed: Int(changed),
            untracked: Int(untracked))
    }
}
