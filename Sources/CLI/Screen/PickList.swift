internal import Core
internal import Fleet
internal import Store

/// A list that narrows down while a person types.
struct PickList: Sendable {
    enum End {
        case chosen(AgentSnapshot), left
    }

    private let agents: [AgentSnapshot]
    private var field = TextField()
    private var selected = 0

    /// Whoever waits for a person stands first.
    init(_ agents: [AgentSnapshot], words: String = "") {
        let asks: (AgentSnapshot) -> Bool = { $0.pendingApprovals > 0 || $0.state == .waiting }
        self.agents = agents.filter(asks) + agents.filter { !asks($0) }
        for character in words { _ = field.take(.character(character)) }
    }

    /// Agents in whose branch, state, template or task each typed word stands, whatever its case.
    var matches: [AgentSnapshot] {
        let words = field.text.lowercased().split(whereSeparator: \.isWhitespace)
        return agents.filter { agent in
            let text = [
                agent.agent.place.branch, agent.stateWords, agent.stageWords,
                agent.agent.program.template ?? "", agent.agent.program.task ?? "",
            ].joined(separator: " ").lowercased()
            return words.allSatisfy { text.contains($0) }
        }
    }

    mutating func receive(_ key: TerminalKey) -> End? {
        let matches = matches
        switch key {
        case .escape, .control("c"), .control("g"): return .left
        case .enter: return matches.isEmpty ? nil : .chosen(matches[min(selected, matches.count - 1)])
        case .up, .control("p"): selected = max(0, selected - 1)
        case .down, .control("n"), .tab: selected = min(max(0, matches.count - 1), selected + 1)
        default:
            if field.take(key) { selected = 0 }
        }
        return nil
    }

    func frame(_ size: (columns: Int, rows: Int), _ style: Style, now: Timestamp) -> FullScreen.Frame {
        let (text, cursor) = field.shown(columns: size.columns - 3)
        var prompt = StyledLine("> ", style.heading)
        prompt.add(text)
        let matches = matches
        let room = max(1, size.rows - 2)
        let current = min(selected, max(0, matches.count - 1))
        let first = min(max(0, current - room + 1), max(0, matches.count - room))
        let width = matches.map(\.agent.place.branch.visible.displayWidth).max() ?? 0
        var lines = [prompt, StyledLine("\(matches.count) of \(agents.count)", style.dim)]
        for (index, agent) in matches.enumerated().dropFirst(first).prefix(room) {
            var line = StyledLine(index == current ? "▸ " : "  ")
            let branch = agent.agent.place.branch.visible
            let name = branch.padded(toColumns: min(width, 50))
            if index == current { line.add(name, style.heading) } else { line.add(name) }
            line.add("  ")
            line.add(agent.stateWords.padded(toColumns: 20), style.of(agent.state))
            let asks = agent.pendingApprovals > 0
            line.add("  \(agent.stageWords)") { asks ? style.waiting($0) : style.dim($0) }
            if let task = agent.agent.program.task?.split(separator: "\n").first {
                line.add("  \(task)", style.dim)
            }
            lines.append(line)
        }
        return FullScreen.Frame(lines: lines, cursor: (0, 2 + cursor))
    }
}
