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

    /// A line of the table: an agent, or whatever else asks a person.
    struct Row: Sendable {
        var subject: Subject
        /// Its branch, or how people call it.
        var name: String
        /// Nil for the main checkout and for panes that were not spawned here.
        var agent: AgentSnapshot?
    }

    var agents: [AgentSnapshot] { status.agents }

    /// The agents in their order, then what asks without being one.
    var rows: [Row] {
        var rows = agents.map {
            Row(subject: $0.agent.subject, name: $0.agent.place.branch, agent: $0)
        }
        var known = Set(rows.map(\.subject))
        for question in questions where known.insert(question.approval.subject).inserted {
            rows.append(Row(subject: question.approval.subject, name: question.place))
        }
        return rows
    }

    /// The oldest open question of a row.
    func question(of subject: Subject) -> ApprovalQuestion? {
        questions.first { $0.approval.subject == subject }
    }
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
        didSet { keepSelection(old: oldValue.rows.map(\.subject)) }
    }
    private(set) var selected: Subject?
    private(set) var mode = Mode.table
    /// What became of the last order.
    var message: String?

    init(facts: BoardFacts) {
        self.facts = facts
        let rows = facts.rows
        selected = (rows.first { facts.question(of: $0.subject) != nil } ?? rows.first)?.subject
    }

    var selectedRow: BoardFacts.Row? { facts.rows.first { $0.subject == selected } }

    /// The selection stays with its row; when that is gone, with the place in the table.
    private mutating func keepSelection(old: [Subject]) {
        guard selectedRow == nil else { return }
        let place = selected.flatMap { old.firstIndex(of: $0) } ?? 0
        let subjects = facts.rows.map(\.subject)
        selected = subjects.isEmpty ? nil : subjects[min(place, subjects.count - 1)]
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
        case .home, .character("g"): move(by: -facts.rows.count)
        case .end, .character("G"): move(by: facts.rows.count)
        case .tab, .character("n"): selectNextQuestion()
        case .character("?"), .character("h"): mode = .help
        case .enter: return selectedAgent().map { .attach($0.id) }
        case .character("d"): return selectedAgent().map { .diff($0.id) }
        case .character("s"):
            guard let agent = selectedAgent() else { break }
            mode = .text(.send(agent.id, branch: agent.place.branch), TextField())
        case .character("a"): ask(.approve)
        case .character("r"): ask(.reject)
        case .paste: message = "Pasted text is no keys here; s begins a text."
        default: break
        }
        return nil
    }

    /// The agent of the selected row; says so when it has none.
    private mutating func selectedAgent() -> Agent? {
        guard let row = selectedRow else { return nil }
        if row.agent == nil { message = "\(row.name) is no agent: it has no session here." }
        return row.agent?.agent
    }

    private mutating func move(by step: Int) {
        let rows = facts.rows
        guard let index = rows.firstIndex(where: { $0.subject == selected }) else { return }
        selected = rows[min(max(0, index + step), rows.count - 1)].subject
    }

    private mutating func selectNextQuestion() {
        let rows = facts.rows
        let start = (rows.firstIndex { $0.subject == selected } ?? -1) + 1
        let order = (start..<start + rows.count).map { rows[$0 % rows.count] }
        guard let next = order.first(where: { facts.question(of: $0.subject) != nil }) else {
            return message = "Nobody asks for anything."
        }
        selected = next.subject
    }

    private mutating func ask(_ decision: ApprovalAnswer.Decision) {
        guard let row = selectedRow, let question = facts.question(of: row.subject) else {
            return message = "This agent asks for nothing; Tab goes to the next one that does."
        }
        mode = .text(
            .answer(
                question.approval.id, decision, branch: row.name,
                question: question.approval.question), TextField())
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
