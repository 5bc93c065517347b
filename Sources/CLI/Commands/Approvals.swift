internal import Approvals
internal import ArgumentParser
internal import Core
internal import Fleet
internal import ProcessKit

struct ApprovalList: AgentCommand {
    static let configuration = CommandConfiguration(
        commandName: "approvals", abstract: "List the questions that wait for a person",
        discussion: """
              tmux-agent approvals
              tmux-agent approvals --all --json
            """)

    @OptionGroup var global: GlobalOptions
    @Flag(name: .long, help: "Also answered ones, newest first") var all = false

    func run(_ context: CommandContext) async throws {
        let fleet = try await FleetContext.open(context.surroundings)
        let questions = try await ApprovalDesk(store: fleet.store).questions(all: all)
        context.console.render(
            ApprovalsView(questions: questions, now: context.surroundings.now()), json: context.json)
        if questions.isEmpty { context.console.hint("Nobody asks for anything") }
    }
}

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

private struct ApprovalsView: Renderable {
    var questions: [ApprovalQuestion]
    var now: Timestamp

    var json: JSONValue { ["approvals": .array(questions.map(\.json))] }

    func text(_ style: Style) -> String {
        guard !questions.isEmpty else { return "" }
        var table = Table(header: ["ID", "BRANCH", "STAGE", "STATE", "AGE", "QUESTION"])
        table.rows = questions.map { question in
            let approval = question.approval
            return [
                .init(approval.id.rawValue, style: style.heading),
                .init(question.branch ?? "main checkout", style: style.agentName),
                .init(approval.stage),
                .init(approval.state.rawValue, style: approval.state == .pending ? style.waiting : style.dim),
                .init(now.distance(from: approval.createdAt).briefly), .init(approval.question),
            ]
        }
        return table.text(style, limit: 80)
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

extension ApprovalQuestion {
    var json: JSONValue {
        var object: JSONObject = [
            "id": .string(approval.id.rawValue), "question": .string(approval.question),
        ]
        object.set("branch", branch)
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
