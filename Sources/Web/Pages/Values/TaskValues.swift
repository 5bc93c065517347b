internal import Core
internal import Store

extension PageValues {
    func tasks() -> [[String: Any]] {
        board.tasks.map { row in
            let (task, standing) = (row.task.task, row.task.standing)
            var facts: [String] = []
            if let other = row.blockedBy {
                facts.append(words.filled("task_blocked_by", ["branch": other.visible]))
            } else if row.task.state == .waiting, !task.dependsOn.isEmpty {
                facts.append(
                    words.filled(
                        "task_after", ["branches": task.dependsOn.map(\.visible).joined(separator: ", ")]))
            }
            if let standing {
                facts.append(words.filled("task_phase", ["phase": standing.phase.visible]))
                if let state = standing.facts.state { facts.append(words.state(state)) }
            }
            let waiting = row.commands.count { $0.state == .queued || $0.state == .running }
            if waiting > 0 { facts.append(words.filled("task_commands", ["count": "\(waiting)"])) }
            let asking = row.commands.count { $0.state == .confirming }
            if asking > 0 { facts.append(words.filled("task_confirming", ["count": "\(asking)"])) }
            facts += (standing?.deciding.blockers ?? []).prefix(5).map(\.visible)
            var values: [String: Any] = [
                "element": "task-\(HTMLText.identifier(task.branch))", "severity": severity(of: row, asking),
                "glyph": Self.glyphs[row.status] ?? "·", "word": words["task_\(row.status)"],
                "branch": task.branch.visible, "title": Self.title(of: task), "facts": facts,
            ]
            if let standing { values["at"] = PageWords.time(standing.since, form: "age") }
            let body = [standing?.reason, standing?.pause?.detail, standing?.deciding.summary].compactMap(
                \.self
            )
            .map { String($0.prefix(500)).visible }.joined(separator: "\n")
            if !body.isEmpty { values["body"] = body }
            values["queue"] = queue(of: row)
            values["hasQueue"] = !row.commands.isEmpty
            return values
        }
    }

    /// A task that nobody gave a title is known by what its agent is told.
    private static func title(of task: PlannedTask) -> String {
        guard task.title == task.branch, let told = task.task?.split(separator: "\n").first else {
            return task.title.visible
        }
        return String(told.prefix(200)).visible
    }

    /// Tasks that are not over, and nobody who runs them.
    var tasksRest: Bool {
        guard !board.isOrchestrated else { return false }
        return board.tasks.contains { !["done", "failed", "cancelled"].contains($0.status) }
    }

    /// What a task's commands are, the oldest first.
    private func queue(of row: OrchestratorBoard.Row) -> [[String: Any]] {
        row.commands.prefix(10).map { command in
            let content = command.content
            let text = content.text.isEmpty ? content.keys.joined(separator: " ") : content.text
            return [
                "state": command.state.rawValue, "word": words["command_\(command.state.rawValue)"],
                "text": String(text.prefix(300)).visible,
            ]
        }
    }

    private func severity(of row: OrchestratorBoard.Row, _ asking: Int) -> String {
        switch row.status {
        case "failed", "blocked": "critical"
        case "paused", "held": "warning"
        default: asking > 0 ? "warning" : "info"
        }
    }

    static let glyphs = [
        "done": "✓", "failed": "✗", "blocked": "!", "running": "▶", "starting": "▶", "paused": "‖",
        "held": "‖", "cancelled": "–", "ready": "○",
    ]
}
