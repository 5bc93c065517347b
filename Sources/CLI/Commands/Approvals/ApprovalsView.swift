internal import Approvals
internal import Core
internal import Store

/// The table of questions.
struct ApprovalsView: Renderable {
    var questions: [LinkedQuestion]
    var now: Timestamp

    var json: JSONValue { ["approvals": .array(questions.map(\.json))] }

    func text(_ style: Style) -> String {
        guard !questions.isEmpty else { return "" }
        let hasAnswers = questions.contains { $0.question.approval.answer != nil }
        var table = Table(
            header: ["ID", "BRANCH", "STAGE", "STATE", "AGE"] + (hasAnswers ? ["ANSWER"] : []) + ["QUESTION"])
        table.rows = questions.map(\.question).map { question in
            let approval = question.approval
            let answer = approval.answer.map {
                [$0.author, $0.reason].compactMap(\.self).joined(separator: ": ")
            }
            return [
                .init(approval.id.rawValue, style: style.heading),
                .init(question.place, style: style.agentName),
                .init(hasTwin(question) ? "\(approval.pipeline)/\(approval.stage)" : approval.stage),
                .init(approval.state.rawValue, style: approval.state == .pending ? style.waiting : style.dim),
                .init(now.distance(from: approval.createdAt).briefly),
            ] + (hasAnswers ? [.init(answer ?? "")] : []) + [.init(approval.question)]
        }
        return table.text(style, limit: 80)
    }

    /// Stages of two pipelines may have one name.
    private func hasTwin(_ question: ApprovalQuestion) -> Bool {
        questions.contains { other in
            other.question.place == question.place && other.question.approval.stage == question.approval.stage
                && other.question.approval.pipeline != question.approval.pipeline
        }
    }
}

/// One question with all that is known of it.
struct QuestionView: Renderable {
    var question: LinkedQuestion

    var json: JSONValue { ["approval": question.json] }

    func text(_ style: Style) -> String {
        let approval = question.question.approval
        var lines = [
            "\(style.heading(approval.id.rawValue.visible))  \(approval.state.rawValue)",
            approval.question.visible(keepingNewlines: true), "",
            "branch    \(question.question.place.visible)",
            "stage     \(approval.stage.visible) of \(approval.pipeline.visible), attempt \(approval.attempt)",
            "asked     \(approval.createdAt.iso8601)",
        ]
        if let end = approval.expiresAt {
            lines.append(
                "expires   \(end.iso8601)"
                    + (approval.onExpire.map { ", then counts as \($0.rawValue)" } ?? ""))
        }
        if !question.channels.isEmpty {
            lines.append("through   \(question.channels.joined(separator: ", ").visible) only")
        }
        if let answer = approval.answer {
            lines.append(
                "answered  \(answer.at.iso8601) by \(answer.author.visible)")
            if let reason = answer.reason { lines.append("reason    \(reason.visible)") }
        }
        if let links = question.links {
            lines += ["approve   \(links.approve)", "reject    \(links.reject)"]
        }
        return lines.joined(separator: "\n")
    }
}

extension LinkedQuestion {
    var json: JSONValue {
        guard case .object(var object) = question.json else { return question.json }
        object["channels"] = .array(channels.map { .string($0) })
        object["on_expire"] = question.approval.onExpire.map { .string($0.rawValue) } ?? .null
        object["links"] =
            links.map { ["approve": .string($0.approve), "reject": .string($0.reject)] } ?? .null
        return .object(object)
    }
}
