internal import Approvals
internal import ArgumentParser
internal import Core
internal import Fleet
internal import Store

struct ApprovalsCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "approvals", abstract: "List the questions that wait for a person",
        discussion: """
              tmux-agent approvals
              tmux-agent approvals --all --json
              tmux-agent approvals show ap-4f2
              tmux-agent approvals --config hosts.yaml
            """,
        subcommands: [ApprovalList.self, ApprovalShow.self, ApprovalKey.self],
        defaultSubcommand: ApprovalList.self)
}

struct ApprovalList: AgentCommand {
    static let configuration = CommandConfiguration(
        commandName: "list", abstract: "List the questions that wait for a person",
        discussion: "  tmux-agent approvals list --all")

    @OptionGroup var global: GlobalOptions
    @OptionGroup var panes: PaneOption
    @Flag(name: .long, help: "Also answered ones, newest first") var all = false

    func run(_ context: CommandContext) async throws {
        let place = try await QuestionPlace.open(panes, context)
        let questions = try await ApprovalDesk(store: place.store).questions(all: all)
        let linker = try await QuestionLinker(place)
        context.console.render(
            ApprovalsView(
                questions: try await linker.linked(questions), now: context.surroundings.now()),
            json: context.json)
        if questions.isEmpty { context.console.hint("Nobody asks for anything") }
    }
}

struct ApprovalShow: AgentCommand {
    static let configuration = CommandConfiguration(
        commandName: "show", abstract: "Show one question whole, with the links that answer it",
        discussion: """
            Links need 'public_url' under [dashboard] in fleet.toml, or PUBLIC_BASE_URL.

              tmux-agent approvals show ap-4f2
              tmux-agent approvals show feature/x --json
            """)

    @OptionGroup var global: GlobalOptions
    @OptionGroup var panes: PaneOption
    @Argument(help: "The question's id, its beginning, or a branch or stage with one open question")
    var question: String

    func run(_ context: CommandContext) async throws {
        let place = try await QuestionPlace.open(panes, context)
        let found = try await ApprovalDesk(store: place.store).question(named: question)
        let linked = try await QuestionLinker(place).linked([found])
        for question in linked {
            context.console.render(QuestionView(question: question), json: context.json)
        }
        if found.approval.state == .pending && place.publicURL == nil {
            context.console.hint("Links need \(place.linkSetting)")
        }
    }
}

struct ApprovalKey: AgentCommand {
    static let configuration = CommandConfiguration(
        commandName: "key", abstract: "Print the key that signed calls are made with",
        discussion: """
            Who has it can answer every question that may be answered by webhook.

              tmux-agent approvals key
            """)

    @OptionGroup var global: GlobalOptions
    @OptionGroup var panes: PaneOption

    func run(_ context: CommandContext) async throws {
        let place = try await QuestionPlace.open(panes, context)
        try await QuestionLinker.caller(place).refuseAgents()
        context.console.render(
            KeyView(key: ApprovalKeys(secret: try place.secret()).webhookKey), json: context.json)
    }
}

private struct KeyView: Renderable {
    var key: String
    var json: JSONValue { ["webhook_key": .string(key)] }
    func text(_ style: Style) -> String { key }
}

/// A question as a person outside of agents may see it.
struct LinkedQuestion {
    var question: ApprovalQuestion
    /// Through what alone it may be answered; empty: through anything.
    var channels: [String]
    var links: ApprovalLinks.Pair?
}

/// Adds links to questions, unless an agent looks: a link is as good as an answer.
struct QuestionLinker {
    private let place: QuestionPlace
    private let links: ApprovalLinks?

    init(_ place: QuestionPlace) async throws {
        self.place = place
        guard let base = place.publicURL, try await !Self.caller(place).isAgent() else {
            links = nil
            return
        }
        links = ApprovalLinks(base: base, keys: ApprovalKeys(secret: try place.secret()))
    }

    static func caller(_ place: QuestionPlace) -> TerminalCaller {
        TerminalCaller(
            name: place.surroundings.user, environment: place.surroundings.environment,
            hasAgentAncestor: place.hasAgentAncestor)
    }

    func linked(_ questions: [ApprovalQuestion]) async throws -> [LinkedQuestion] {
        var found: [LinkedQuestion] = []
        for question in questions {
            let channels = try await place.store.channels(of: question.approval.id)
            found.append(
                LinkedQuestion(
                    question: question, channels: channels,
                    links: links?.pair(
                        for: question.approval, channels: channels, at: place.surroundings.now())))
        }
        return found
    }
}
