public import Core
public import SystemPackage

/// Why a question could not be answered or shown.
public enum ApprovalsError: Error, Equatable {
    /// The answer came from inside an agent's pane: agents do not approve their own work.
    case askedInsideAgent(AgentID?)
    case notFound(text: String, similar: [String])
    /// The text fits several open questions, listed as `<id> <branch> <pipeline>/<stage>`.
    case ambiguous(text: String, candidates: [String])
    /// Somebody was earlier; the approval tells who.
    case answeredAlready(Approval)
    case expired(Approval)
    /// Nobody needs the answer any more.
    case withdrawn(Approval)
    case filesUnusable(path: FilePath, reason: String)
}

extension ApprovalsError: UserFacingError {
    public var code: String {
        switch self {
        case .askedInsideAgent: "answer_from_agent"
        case .notFound: "approval_not_found"
        case .ambiguous: "approval_ambiguous"
        case .answeredAlready: "approval_answered"
        case .expired: "approval_expired"
        case .withdrawn: "approval_withdrawn"
        case .filesUnusable: "approval_files_unusable"
        }
    }

    public var message: String {
        switch self {
        case .askedInsideAgent(let id):
            "Approvals are not answered from inside an agent" + (id.map { " (\($0))" } ?? "")
        case .notFound(let text, _): "No open approval is called '\(text)'"
        case .ambiguous(let text, _): "'\(text)' fits several open approvals"
        case .answeredAlready(let approval): "Approval \(approval.id) \(Self.words(for: approval))"
        case .expired(let approval): "Approval \(approval.id) expired\(Self.effect(of: approval))"
        case .withdrawn(let approval): "Approval \(approval.id) was withdrawn: nothing waits for it any more"
        case .filesUnusable(let path, let reason): "Could not use \(path): \(reason)"
        }
    }

    public var hint: String? {
        switch self {
        case .askedInsideAgent: "Answer from a terminal of your own, the dashboard or a link"
        case .notFound(_, let similar) where !similar.isEmpty:
            "Did you mean \(similar.map { "'\($0)'" }.joined(separator: " or "))?"
        case .notFound: "Run 'tmux-agent approvals' to see what is open"
        case .ambiguous(_, let candidates): "Name one of: " + candidates.joined(separator: "; ")
        case .answeredAlready, .expired, .withdrawn: "Run 'tmux-agent approvals --all' to see how it went"
        case .filesUnusable: "Make the folder yours and writable, or name another under [watch] approval_dir"
        }
    }

    public var exitStatus: ExitStatus {
        switch self {
        case .askedInsideAgent: .refused
        case .filesUnusable: .unusableSettings
        default: .notAchieved
        }
    }

    private static func words(for approval: Approval) -> String {
        guard let answer = approval.answer else { return "is not open" }
        let word = answer.decision == .approve ? "approved" : "rejected"
        return "was \(word) by \(answer.author) at \(answer.at.iso8601)"
    }

    private static func effect(of approval: Approval) -> String {
        guard let answer = approval.answer else { return "" }
        return answer.decision == .approve ? " and counts as approved" : " and counts as rejected"
    }
}
