/// What the policy machine must remember of a stage over a restart.
///
/// Opaque to everybody but the machine and its explanations. Every field may be missing in stored JSON, so
/// that rows of an older version still decode.
public struct StageMemory: Sendable, Equatable, Codable {
    /// A question that was asked and not yet answered.
    struct Question: Sendable, Equatable, Codable {
        var id: ApprovalID
        var expiresAt: Timestamp?
        var onExpire: ApprovalRequest.OnExpire
    }

    /// Tests under an `all_of` that came true while the others had not, sorted: `t:`, `s:` or `f:` and their
    /// words.
    var seen: [String] = []
    /// When the attempt fails if it has not succeeded.
    var deadline: Timestamp?
    /// When the next attempt begins.
    var retryAt: Timestamp?
    /// The step of `on_fail` that is being tried, and how many of its retries began.
    var failureStep = 0
    var retries = 0
    /// Why the attempt failed, while `on_fail` is being worked through and afterwards.
    var failure: String?
    var question: Question?
    /// The index of the next action to hand out.
    var nextAction = 0
    /// The action whose result is awaited.
    var awaited: OutboxID?
    /// Of the attempt's shell actions, in order.
    var exitCodes: [Int32] = []
    /// Why `success_when` held, although actions are still outstanding.
    var success: String?
    /// The marker that triggered the stage.
    var marker: Marker?
    /// Not completed, and the pipeline goes on all the same: `continue_on_fail`, or skipped.
    var isPassed = false
    /// A person, or expiry, kept the stage from starting.
    var isRejected = false

    public init() {}

    private enum CodingKeys: String, CodingKey {
        case seen, deadline, retryAt, failureStep, retries, failure, question, nextAction, awaited, exitCodes
        case success, marker, isPassed, isRejected
    }

    public init(from decoder: any Decoder) throws {
        let values = try decoder.container(keyedBy: CodingKeys.self)
        seen = try values.decodeIfPresent([String].self, forKey: .seen) ?? []
        deadline = try values.decodeIfPresent(Timestamp.self, forKey: .deadline)
        retryAt = try values.decodeIfPresent(Timestamp.self, forKey: .retryAt)
        failureStep = try values.decodeIfPresent(Int.self, forKey: .failureStep) ?? 0
        retries = try values.decodeIfPresent(Int.self, forKey: .retries) ?? 0
        failure = try values.decodeIfPresent(String.self, forKey: .failure)
        question = try values.decodeIfPresent(Question.self, forKey: .question)
        nextAction = try values.decodeIfPresent(Int.self, forKey: .nextAction) ?? 0
        awaited = try values.decodeIfPresent(OutboxID.self, forKey: .awaited)
        exitCodes = try values.decodeIfPresent([Int32].self, forKey: .exitCodes) ?? []
        success = try values.decodeIfPresent(String.self, forKey: .success)
        marker = try values.decodeIfPresent(Marker.self, forKey: .marker)
        isPassed = try values.decodeIfPresent(Bool.self, forKey: .isPassed) ?? false
        isRejected = try values.decodeIfPresent(Bool.self, forKey: .isRejected) ?? false
    }

    /// Only what differs from the beginning is written, to keep rows small.
    public func encode(to encoder: any Encoder) throws {
        var values = encoder.container(keyedBy: CodingKeys.self)
        if !seen.isEmpty { try values.encode(seen, forKey: .seen) }
        try values.encodeIfPresent(deadline, forKey: .deadline)
        try values.encodeIfPresent(retryAt, forKey: .retryAt)
        if failureStep != 0 { try values.encode(failureStep, forKey: .failureStep) }
        if retries != 0 { try values.encode(retries, forKey: .retries) }
        try values.encodeIfPresent(failure, forKey: .failure)
        try values.encodeIfPresent(question, forKey: .question)
        if nextAction != 0 { try values.encode(nextAction, forKey: .nextAction) }
        try values.encodeIfPresent(awaited, forKey: .awaited)
        if !exitCodes.isEmpty { try values.encode(exitCodes, forKey: .exitCodes) }
        try values.encodeIfPresent(success, forKey: .success)
        try values.encodeIfPresent(marker, forKey: .marker)
        if isPassed { try values.encode(isPassed, forKey: .isPassed) }
        if isRejected { try values.encode(isRejected, forKey: .isRejected) }
    }
}

extension StageRun {
    /// Whether the stages behind this one may run.
    var isFinished: Bool { state == .completed || memory.isPassed }
}

extension PipelineRun {
    /// The first stage that is not finished: at most one stage of a run waits or runs at a time.
    public var currentStage: Int? {
        // By index: looked up for every event, and copying whole stages would cost more than the look-up.
        stages.indices.first { stages[$0].state != .completed && !stages[$0].memory.isPassed }
    }

    /// Whether the run still waits for the end of this action; one that it does not wait for is of no use.
    public func awaits(_ item: OutboxID) -> Bool {
        guard state == .running, let stage = currentStage else { return false }
        return stages[stage].memory.awaited == item
    }

    /// The stage that the run must come through first; nil when it came to the named one, or has none of that name.
    public func stage(before name: String) -> String? {
        guard let wanted = stages.firstIndex(where: { $0.name == name }), let current = currentStage,
            current < wanted
        else { return nil }
        return stages[current].name
    }

    public var isEnded: Bool {
        switch state {
        case .queued, .running: false
        case .completed, .failed, .cancelled: true
        }
    }
}
