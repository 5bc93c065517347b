internal import Approvals
internal import Core
internal import Daemon
internal import Fleet
internal import Store

/// The facts that `status --watch` shows.
struct BoardFacts: Sendable {
    var status: FleetStatus
    /// Open questions, the oldest first.
    var questions: [ApprovalQuestion]

    /// Agents in the order of the table.
    var agents: [AgentSnapshot] { status.agents }
}

/// What a person sees and does in `status --watch`, without a terminal: keys in, orders and lines out.
struct StatusBoard: Sendable {
    /// What a person asks for.
    enum Order: Equatable, Sendable {
        case attach(AgentID), diff(AgentID)
        case send(String, AgentID, branch: String)
        case answer(ApprovalID, ApprovalAnswer.Decision, reason: String?)
        case stop, quit
    }

    enum Mode: Equatable, Sendable {
        case table, help
        case text(Purpose, TextField)
    }

    /// What a line of text is for; it stays with the agent and the question that were shown when it was begun.
    enum Purpose: Equatable, Sendable {
        case send(AgentID, branch: String)
        case answer(ApprovalID, ApprovalAnswer.Decision, branch: String, question: String)
    }

    var facts: BoardFacts {
        didSet { keepSelection(old: oldValue.agents.map(\.agent.id)) }
    }
    private(set) var selected: AgentID?
    private(set) var mode = Mode.table
    /// What became of the last order.
    var message: String?

    init(facts: BoardFacts) {
        self.facts = facts
        selected = (facts.agents.first { facts.question(of: $0) != nil } ?? facts.agents.first)?.agent.id
    }

    var selectedIndex: Int? { facts.agents.firstIndex { $0.agent.id == selected } }

    var selectedAgent: AgentSnapshot? { selectedIndex.map { facts.agents[$0] } }

    /// The selection stays with its agent; when that is removed, with the place in the table.
    private mutating func keepSelection(old: [AgentID]) {
        guard selectedAgent == nil else { return }
        let place = selected.flatMap { old.firstIndex(of: $0) } ?? 0
        let ids = facts.agents.map(\.agent.id)
        selected = ids.isEmpty ? nil : ids[min(place, ids.count - 1)]
    }

    /// Takes a key and returns what is to be done.
    mutating func receive(_ key: TerminalKey) -> Order? {
        switch mode {
        case .table: return inTable(key)
        case .help:
            mode = .table
            return nil
        case .text(let purpose, var field):
            switch key {
            case .escape, .control("c"), .control("g"):
                mode = .table
                message = "Nothing done."
            case .enter:
                guard let order = purpose.order(with: field.text) else { return nil }
                mode = .table
                message = nil
                return order
            default:
                if field.take(key) { mode = .text(purpose, field) }
            }
            return nil
        }
    }

    private mutating func inTable(_ key: TerminalKey) -> Order? {
        message = nil
        switch key {
        case .character("q"), .escape, .control("c"): return .quit
        case .control("z"): return .stop
        case .up, .character("k"), .control("p"): move(by: -1)
        case .down, .character("j"), .control("n"): move(by: 1)
        case .pageUp: move(by: -10)
        case .pageDown: move(by: 10)
        case .home, .character("g"): move(by: -facts.agents.count)
        case .end, .character("G"): move(by: facts.agents.count)
        case .tab, .character("n"): selectNextQuestion()
        case .character("?"), .character("h"): mode = .help
        case .enter: return selected.map { .attach($0) }
        case .character("d"): return selected.map { .diff($0) }
        case .character("s"):
            guard let agent = selectedAgent?.agent else { break }
            mode = .text(.send(agent.id, branch: agent.place.branch), TextField())
        case .character("a"): ask(.approve)
        case .character("r"): ask(.reject)
        case .paste: message = "Pasted text is no keys here; s begins a text."
        default: break
        }
        return nil
    }

    private mutating func move(by step: Int) {
        guard let index = selectedIndex else { return }
        selected = facts.agents[min(max(0, index + step), facts.agents.count - 1)].agent.id
    }

    private mutating func selectNextQuestion() {
        let agents = facts.agents
        let start = (selectedIndex ?? -1) + 1
        let order = (start..<start + agents.count).map { agents[$0 % agents.count] }
        guard let next = order.first(where: { facts.question(of: $0) != nil }) else {
            return message = "Nobody asks for anything."
        }
        selected = next.agent.id
    }

    private mutating func ask(_ decision: ApprovalAnswer.Decision) {
        guard let agent = selectedAgent, let question = facts.question(of: agent) else {
            return message = "This agent asks for nothing; Tab goes to the next one that does."
        }
        mode = .text(
            .answer(
                question.approval.id, decision, branch: agent.agent.place.branch,
                question: question.approval.question), TextField())
    }
}

extension BoardFacts {
    /// The oldest open question of an agent.
    func question(of agent: AgentSnapshot) -> ApprovalQuestion? {
        questions.first { $0.approval.subject == agent.agent.subject }
    }
}

extension StatusBoard.Purpose {
    /// Nil while the text is needed and missing.
    fileprivate func order(with text: String) -> StatusBoard.Order? {
        switch self {
        case .send(let agent, let branch): text.isEmpty ? nil : .send(text, agent, branch: branch)
        case .answer(let id, let decision, _, _):
            .answer(id, decision, reason: text.isEmpty ? nil : text)
        }
    }
}
