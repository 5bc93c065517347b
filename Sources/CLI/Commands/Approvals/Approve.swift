internal import Approvals
internal import ArgumentParser
internal import Core
internal import Fleet
internal import ProcessKit

struct Approve: AgentCommand {
    static let configuration = CommandConfiguration(
        commandName: "approve",
        abstract: "Answer a question with yes",
        discussion: """
            The first answer counts. An agent cannot approve its own work: inside an agent
            this command refuses.

              tmux-agent approve ap-4f2 --reason "looks good"
              tmux-agent approve feature/x
              tmux-agent approve %3 --config hosts.yaml
            """)

    @OptionGroup var global: GlobalOptions
    @OptionGroup var panes: PaneOption
    @Argument(help: "The question's id, its beginning, or a branch or stage with one open question")
    var question: String
    @Option(name: .long, help: "Why, for the record") var reason: String?

    func run(_ context: CommandContext) async throws {
        try await AnswerView.answer(question, .approve, reason: reason, panes, context)
    }
}

struct Reject: AgentCommand {
    static let configuration = CommandConfiguration(
        commandName: "reject",
        abstract: "Answer a question with no",
        discussion: """
            The run stops and says so.

              tmux-agent reject ap-4f2 --reason "the tests are missing"
            """)

    @OptionGroup var global: GlobalOptions
    @OptionGroup var panes: PaneOption
    @Argument(help: "The question's id, its beginning, or a branch or stage with one open question")
    var question: String
    @Option(name: .long, help: "Why, for the record") var reason: String?

    func run(_ context: CommandContext) async throws {
        try await AnswerView.answer(question, .reject, reason: reason, panes, context)
    }
}

private struct AnswerView: Renderable {
    var question: ApprovalQuestion

    static func answer(
        _ name: String, _ decision: ApprovalAnswer.Decision, reason: String?, _ panes: PaneOption,
        _ context: CommandContext
    ) async throws {
        let place = try await QuestionPlace.open(panes, context)
        let desk = ApprovalDesk(store: place.store)
        let answered = try await desk.answer(
            name, decision, reason: reason, by: QuestionLinker.caller(place), at: context.surroundings.now())
        let question = try await desk.question(named: answered.id.rawValue)
        context.console.render(AnswerView(question: question), json: context.json)
    }

    var json: JSONValue { ["approval": question.json] }

    func text(_ style: Style) -> String {
        let approval = question.approval
        let word = approval.state == .approved ? style.success("Approved") : style.error("Rejected")
        return
            "\(word) stage '\(approval.stage.visible)' of \(question.place.visible)."
    }
}

extension ApprovalQuestion {
    var json: JSONValue {
        var object: JSONObject = [
            "id": .string(approval.id.rawValue), "question": .string(approval.question),
        ]
        object.set("branch", branch)
        if let pane { object.set("pane", pane) }
        object.set("pipeline", approval.pipeline)
        object.set("stage", approval.stage)
        object.set("run", approval.run.rawValue)
        object.set("purpose", approval.purpose.rawValue)
        object.set("state", approval.state.rawValue)
        object.set("created_at", approval.createdAt)
        object.set("expires_at", approval.expiresAt)
        object.set("answered_by", approval.answer?.by)
        object.set("answered_through", approval.answer?.through)
        object.set("answered_at", approval.answer?.at)
        object.set("reason", approval.answer?.reason)
        return .object(object)
    }
}
