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

    /// What was asked about a command, without the words of the question itself.
    private var command: String {
        question.approval.question.split(separator: "\n", omittingEmptySubsequences: false).dropFirst()
            .joined(separator: "\n").visible(keepingNewlines: true)
    }

    func text(_ style: Style) -> String {
        let approval = question.approval
        let word = approval.state == .approved ? style.success("Approved") : style.error("Rejected")
        return switch approval.purpose {
        case .command: "\(word) \(approval.stage.visible) of \(question.place.visible): \(command)"
        case .stageStart, .afterFailure:
            "\(word) stage '\(approval.stage.visible)' of \(question.place.visible)."
        }
    }
}
