/// One step of a pipeline.
public struct Stage: Sendable, Equatable {
    public var name: String
    /// Nil: starts as soon as the stages before it are done.
    public var triggers: Condition?
    public var approval: ApprovalRequest?
    /// Done one after another; each waits for the one before it.
    public var actionsOnStart: [StageAction]
    /// Nil: done with its actions, except in classic mode.
    public var successWhen: Condition?
    public var failWhen: Condition?
    /// From the start of an attempt.
    public var timeout: Duration?
    public var failure: FailureHandling
    public var notices: StageNotices
    public var position: PolicyPosition

    public init(
        name: String, triggers: Condition? = nil, approval: ApprovalRequest? = nil,
        actionsOnStart: [StageAction] = [], successWhen: Condition? = nil, failWhen: Condition? = nil,
        timeout: Duration? = nil, failure: FailureHandling = FailureHandling(),
        notices: StageNotices = StageNotices(), position: PolicyPosition = .none
    ) {
        self.name = name
        self.triggers = triggers
        self.approval = approval
        self.actionsOnStart = actionsOnStart
        self.successWhen = successWhen
        self.failWhen = failWhen
        self.timeout = timeout
        self.failure = failure
        self.notices = notices
        self.position = position
    }

    /// Whether the stage says itself what its shell actions' exit codes mean.
    var judgesExitCodes: Bool {
        successWhen?.asksForExitCode == true || failWhen?.asksForExitCode == true
    }
}

/// A question to a person, before a stage starts or after it failed.
public struct ApprovalRequest: Sendable, Equatable {
    public enum OnExpire: String, Sendable, Codable, CaseIterable {
        case reject, approve
        /// Nothing happens; the question stays open.
        case wait
    }

    /// Nil: a sentence made of the names of stage and pipeline.
    public var prompt: String?
    /// Nil: never.
    public var expires: Duration?
    public var onExpire: OnExpire
    /// Through what it may be answered; empty: through anything.
    public var channels: [String]
    /// After how long people are reminded of it for the first time; nil: never.
    public var remind: Duration?

    /// When the policy does not say.
    public static let standardReminder = Duration.seconds(3600)

    public init(
        prompt: String? = nil, expires: Duration? = .seconds(86_400), onExpire: OnExpire = .reject,
        channels: [String] = [], remind: Duration? = standardReminder
    ) {
        self.prompt = prompt
        self.expires = expires
        self.onExpire = onExpire
        self.channels = channels
        self.remind = remind
    }
}

/// An action as the policy writes it.
public enum StageAction: Sendable, Equatable {
    /// Literal text, then Enter.
    case sendKeys(String)
    case keys([String])
    case shell(command: String, timeout: Duration)
    case notify(Notice)
    case emit(name: String, payload: JSONObjectBox)
    case spawn(branch: String, template: String?, task: String?)

    /// What a shell action may take when the policy does not say.
    public static let standardShellTimeout = Duration.seconds(600)

    /// Whether the stage goes on only when the hands have told how the action ended.
    ///
    /// A message that cannot be delivered must not hold up or fail a stage.
    var isAwaited: Bool {
        switch self {
        case .sendKeys, .keys, .shell, .spawn: true
        case .notify, .emit: false
        }
    }
}

/// What follows a failure.
public struct FailureHandling: Sendable, Equatable {
    /// Tried in order until one helps.
    public var steps: [FailureStep]
    /// The pipeline goes on behind a failed stage.
    public var continues: Bool

    public init(steps: [FailureStep] = [], continues: Bool = false) {
        self.steps = steps
        self.continues = continues
    }
}

public enum FailureStep: Sendable, Equatable {
    case retry(RetryPlan)
    /// Approve = the stage counts as completed; reject or expiry = the next step.
    case askHuman(ApprovalRequest)
    /// A code whose routes stand in fleet.toml; the next step follows at once.
    case escalate(String)
}

/// How often and after which pauses a stage is tried again.
public struct RetryPlan: Sendable, Equatable {
    /// Tries after the first one.
    public var max: Int
    /// The pause before the first repetition.
    public var backoff: Duration
    /// By which each pause is longer than the one before it.
    public var factor: Double

    public static let standardBackoff = Duration.seconds(5)
    public static let standardFactor = 2.0
    public static let longestPause = Duration.seconds(3600)

    public init(max: Int, backoff: Duration = standardBackoff, factor: Double = standardFactor) {
        self.max = max
        self.backoff = backoff
        self.factor = factor
    }

    /// The pause before repetition `number`, which counts from 1; at most an hour, unless `backoff` is
    /// longer.
    public func pause(before number: Int) -> Duration {
        var milliseconds = Double(backoff.inMilliseconds)
        let most = Swift.max(Double(Self.longestPause.inMilliseconds), milliseconds)
        for _ in 1..<Swift.max(number, 1) where milliseconds < most { milliseconds *= factor }
        return .milliseconds(Int64(Swift.min(Swift.max(milliseconds, 0), most)))
    }
}

/// Messages at a stage's turns; `{timestamp}`, `{error_message}`, `{branch}`, `{stage}`, `{pipeline}` are
/// replaced.
public struct StageNotices: Sendable, Equatable {
    public var onStart: Notice?
    public var onSuccess: Notice?
    public var onFail: Notice?

    public init(onStart: Notice? = nil, onSuccess: Notice? = nil, onFail: Notice? = nil) {
        self.onStart = onStart
        self.onSuccess = onSuccess
        self.onFail = onFail
    }
}
