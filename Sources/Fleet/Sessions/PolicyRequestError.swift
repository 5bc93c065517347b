public import Core

/// Why a request could change nothing.
public enum PolicyRequestError: Error, Equatable {
    case noRuns(branch: String)
    case noSuchPipeline(String, branch: String, known: [String])
    case noSuchStage(String, branch: String, known: [String])
    case nothingFailed(branch: String)
}

extension PolicyRequestError: UserFacingError {
    public var code: String {
        switch self {
        case .noRuns: "no_runs"
        case .noSuchPipeline: "no_such_pipeline"
        case .noSuchStage: "no_such_stage"
        case .nothingFailed: "nothing_failed"
        }
    }

    public var message: String {
        switch self {
        case .noRuns(let branch): "No pipeline has begun for '\(branch)' yet"
        case .noSuchPipeline(let name, let branch, _): "No run of '\(branch)' is of a pipeline '\(name)'"
        case .noSuchStage(let name, let branch, _): "No run of '\(branch)' has a stage '\(name)'"
        case .nothingFailed(let branch): "No run of '\(branch)' has failed"
        }
    }

    public var hint: String? {
        switch self {
        case .noRuns: "See what is under way with 'tmux-agent status'"
        case .noSuchPipeline(let name, _, let known), .noSuchStage(let name, _, let known):
            didYouMean(name, among: known).map { "Did you mean '\($0)'?" }
                ?? "There are: \(Set(known).sorted().joined(separator: ", "))"
        case .nothingFailed(let branch): "See 'tmux-agent policy explain \(branch)'"
        }
    }

    public var exitStatus: ExitStatus { .notAchieved }
}
