public import Core

/// Why a request could change nothing.
public enum PolicyRequestError: Error, Equatable {
    case noRuns(branch: String)
    case noSuchPipeline(String, branch: String, known: [String])
    case noSuchStage(String, branch: String, known: [String])
    /// The run stands at an earlier stage.
    case stageNotReached(String, branch: String, standsAt: String)
    case nothingFailed(branch: String)
}

extension PolicyRequestError: UserFacingError {
    public var code: String {
        switch self {
        case .noRuns: "no_runs"
        case .noSuchPipeline: "no_such_pipeline"
        case .noSuchStage: "no_such_stage"
        case .stageNotReached: "stage_not_reached"
        case .nothingFailed: "nothing_failed"
        }
    }

    public var message: String {
        switch self {
        case .noRuns(let branch): "No pipeline has begun for '\(branch)' yet"
        case .noSuchPipeline(let name, let branch, _): "No run of '\(branch)' is of a pipeline '\(name)'"
        case .noSuchStage(let name, let branch, _): "No run of '\(branch)' has a stage '\(name)'"
        case .stageNotReached(let name, let branch, let current):
            "Stage '\(name)' of '\(branch)' has not begun: its run stands at '\(current)'"
        case .nothingFailed(let branch): "No run of '\(branch)' has failed"
        }
    }

    public var hint: String? {
        switch self {
        case .noRuns: "See what is under way with 'tmux-agent status'"
        case .noSuchPipeline(let name, _, let known), .noSuchStage(let name, _, let known):
            didYouMean(name, among: known).map { "Did you mean '\($0)'?" }
                ?? "There are: \(Set(known).sorted().joined(separator: ", "))"
        case .stageNotReached(_, _, let current):
            "Put back '\(current)' with '--stage', or the whole run without it"
        case .nothingFailed(let branch): "See 'tmux-agent policy explain \(branch)'"
        }
    }

    public var exitStatus: ExitStatus { .notAchieved }
}
