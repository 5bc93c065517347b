internal import Approvals
internal import Core
internal import Daemon
internal import Fleet
internal import Store

extension StatusBoard {
    /// The whole screen.
    func frame(columns: Int, rows: Int, _ style: Style, now: Timestamp) -> FullScreen.Frame {
        guard mode != .help else { return FullScreen.Frame(lines: Self.helpLines(style)) }
        var frame = FullScreen.Frame(lines: header(columns, style, now))
        let (footer, cursor) = footer(columns, style, now)
        let room = max(1, rows - frame.lines.count - footer.count - 1)
        frame.lines += table(room, columns, style, now)
        let top = max(frame.lines.count, rows - footer.count)
        frame.lines += Array(repeating: StyledLine(), count: top - frame.lines.count) + footer
        frame.cursor = cursor.map { (top + $0.row, $0.column) }
        return frame
    }

    private func header(_ columns: Int, _ style: Style, _ now: Timestamp) -> [StyledLine] {
        var line = StyledLine(facts.status.name, style.heading)
        for state in AgentState.allCases {
            let count = facts.agents.count { $0.state == state }
            if count > 0 {
                line.add("   ")
                line.add("\(count) \(state.rawValue)", style.of(state))
            }
        }
        if facts.agents.isEmpty { line.add("   no agents") }
        if !facts.questions.isEmpty {
            line.add("   ")
            line.add("\(facts.questions.count) waiting for you", style.waiting)
        }
        var daemon = StyledLine()
        if let pid = facts.status.daemon {
            let span = facts.status.daemonSince.map { " for \(now.distance(from: $0).briefly)" } ?? ""
            daemon.add("watched by pid \(pid)\(span)", style.dim)
        } else {
            daemon.add("not watched: tmux-agent up", style.error)
        }
        if line.width + daemon.width + 3 <= columns {
            line.pad(to: columns - daemon.width)
        } else {
            line.add("   ")
        }
        for piece in daemon.pieces { line.add(piece.text, piece.paint) }
        var lines = [line]
        for trouble in facts.status.troubles {
            lines.append(StyledLine("does not work: \(trouble)", style.error))
        }
        if let warning = facts.status.policy?.warning { lines.append(StyledLine(warning, style.error)) }
        return lines + [StyledLine()]
    }

    private func table(_ room: Int, _ columns: Int, _ style: Style, _ now: Timestamp) -> [StyledLine] {
        let entries = facts.rows
        guard !entries.isEmpty else {
            return [StyledLine("  Nobody works here yet: tmux-agent spawn BRANCH --task \"…\"", style.dim)]
        }
        let titles = ["BRANCH", "STATE", "STAGE", "TEMPLATE", "COMMITS", "CHANGES", "SINCE"]
        let cells = entries.map { entry in
            guard let agent = entry.agent else {
                let approval = facts.question(of: entry.subject)?.approval
                let stage = approval.map { "\($0.pipeline): \($0.stage) asks" } ?? "-"
                return [entry.name.visible, "-", stage.visible, "-", "-", "-", "-"]
            }
            return [
                agent.agent.place.branch.visible, agent.stateWords.visible, agent.stageWords.visible,
                (agent.agent.program.template ?? "-").visible, agent.countWords,
                agent.isDirty.map { $0 ? "uncommitted" : "clean" } ?? "?",
                agent.since.map { now.distance(from: $0).briefly } ?? "-",
            ]
        }
        let widths = fitted(titles, cells, columns - 4)
        let shown = min(room - 1, cells.count)
        let selectedIndex = entries.firstIndex { $0.subject == selected } ?? 0
        let first = min(max(0, selectedIndex - shown / 2), max(0, cells.count - shown))
        var lines = [row("  ", titles, widths) { _ in style.dim }]
        for index in first..<first + max(0, shown) {
            let (entry, isSelected) = (entries[index], index == selectedIndex)
            let asks = facts.question(of: entry.subject) != nil
            let ofState = style.of(entry.agent?.state ?? .unknown)
            var line = row(isSelected ? "▸ " : "  ", cells[index], widths) { column in
                switch column {
                case 0: style.agentName
                case 1: ofState
                case 2 where asks: style.waiting
                default: { $0 }
                }
            }
            if isSelected { line.pad(to: columns) }
            lines.append(line)
        }
        let hidden = cells.count - max(0, shown)
        if hidden > 0 { lines[0].add("   \(hidden) more: j, k", style.dim) }
        return lines
    }

    /// Column widths that fit: long branches are cut first, then whole columns go, then words are cut.
    private func fitted(_ titles: [String], _ cells: [[String]], _ columns: Int) -> [Int] {
        var widths = titles.indices.map { column in
            ([titles[column]] + cells.map { $0[column] }).map(\.displayWidth).max() ?? 0
        }
        func excess() -> Int { widths.filter { $0 > 0 }.reduce(0) { $0 + $1 + 2 } - 2 - columns }
        if excess() > 0 { widths[0] = max(min(widths[0], 32), widths[0] - excess()) }
        for column in [3, 5, 4] where excess() > 0 { widths[column] = 0 }
        for column in [2, 0, 1] where excess() > 0 { widths[column] = max(10, widths[column] - excess()) }
        return widths
    }

    private func row(
        _ mark: String, _ cells: [String], _ widths: [Int], paint: (Int) -> StyledLine.Painter
    ) -> StyledLine {
        var line = StyledLine(mark)
        for (column, cell) in cells.enumerated() where widths[column] > 0 {
            line.add(cell.padded(toColumns: widths[column]), paint(column))
            line.add("  ")
        }
        return line
    }

    private func footer(
        _ columns: Int, _ style: Style, _ now: Timestamp
    ) -> (lines: [StyledLine], cursor: (row: Int, column: Int)?) {
        guard case .text(let purpose, let field) = mode else {
            var lines: [StyledLine] = []
            let row = selectedRow
            if let row, let question = facts.question(of: row.subject) {
                var line = StyledLine("\(row.name) asks: ", style.waiting)
                line.add(question.approval.question)
                line.add("  \(now.distance(from: question.approval.createdAt).briefly)", style.dim)
                lines.append(line)
            } else if let task = row?.agent?.agent.program.task,
                let first = task.split(separator: "\n").first
            {
                lines.append(StyledLine(String(first), style.dim))
            }
            if let message { lines.append(StyledLine(message)) }
            lines.append(
                StyledLine(
                    "Enter attach   a approve   r reject   s send   d diff   Tab next question   ? keys   q quit",
                    style.dim))
            return (lines, nil)
        }
        var lines: [StyledLine] = []
        let prompt: String
        switch purpose {
        case .send(_, let branch):
            prompt = "Text for \(branch): "
        case .answer(_, let decision, let branch, let question):
            lines.append(StyledLine("\(branch) asks: \(question)", style.waiting))
            prompt =
                decision == .approve
                ? "Approve, because (may stay empty): " : "Reject, because (may stay empty): "
        }
        let shownPrompt = prompt.visible
        let (text, cursor) = field.shown(columns: columns - shownPrompt.displayWidth - 1)
        var line = StyledLine(prompt, style.heading)
        line.add(text)
        lines.append(line)
        lines.append(StyledLine("Enter does it   Esc does not", style.dim))
        return (lines, (lines.count - 2, shownPrompt.displayWidth + cursor))
    }

    private static func helpLines(_ style: Style) -> [StyledLine] {
        let keys = [
            ("j k ↑ ↓", "select an agent"), ("Tab n", "select the next agent that asks"),
            ("Enter", "attach to its session; inside tmux, switch to it"),
            ("a", "approve what it asks, with a reason"), ("r", "reject it"),
            ("s", "type a text into it"), ("d", "what it changed"),
            ("q Esc", "leave; the agents go on"),
        ]
        return [StyledLine("Keys", style.heading), StyledLine()]
            + keys.map { key, meaning in
                var line = StyledLine("  " + key.padded(toColumns: 10), style.heading)
                line.add(meaning)
                return line
            } + [StyledLine(), StyledLine("Any key goes back.", style.dim)]
    }
}
