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
            """)

    @OptionGroup var global: GlobalOptions
    @Argument(help: "The question's id, its beginning, or a branch or stage with one open question")
    var question: String
    @Option(name: .long, help: "Why, for the record") var reason: String?

    func run(_ context: CommandContext) async throws {
        try await AnswerView.answer(question, .approve, reason: reason, context)
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
    @Argument(help: "The question's id, its beginning, or a branch or stage with one open question")
    var question: String
    @Option(name: .long, help: "Why, for the record") var reason: String?

    func run(_ context: CommandContext) async throws {
        try await AnswerView.answer(question, .reject, reason: reason, context)
    }
}

private struct AnswerView: Renderable {
    var question: ApprovalQuestion

    static func answer(
        _ name: String, _ decision: ApprovalAnswer.Decision, reason: String?, _ context: CommandContext
    ) async throws {
        let fleet = try await FleetContext.open(context.surroundings)
        let caller = TerminalCaller(
            name: context.surroundings.user, environment: context.surroundings.environment,
            hasAgentAncestor: { try await AgentAncestry(context: fleet).isBelowAnAgent() })
        let desk = ApprovalDesk(store: fleet.store)
        let answered = try await desk.answer(
            name, decision, reason: reason, by: caller, at: context.surroundings.now())
        let question = try await desk.question(named: answered.id.rawValue)
        context.console.render(AnswerView(question: question), json: context.json)
    }

    var json: JSONValue { ["approval": question.json] }

    func text(_ style: Style) -> String {
        let approval = question.approval
        let word = approval.state == .approved ? style.success("Approved") : style.error("Rejected")
        return
            "\(word) stage '\(approval.stage.visible)' of \((question.branch ?? "the main checkout").visible)."
    }
}
