internal import Core
public import Store

/// The graph of tasks as a picture.
public enum TaskDrawing {
    /// One line for each task, indented by how many stand before it.
    public static func text(_ board: OrchestratorBoard) throws -> String {
        let graph = try TaskGraph(board.rows.map(\.task.task))
        let levels = graph.levels
        let status = Dictionary(board.rows.map { ($0.task.id, $0.status) }) { $1 }
        return graph.inOrder.map { branch in
            let behind = graph[branch]?.dependsOn ?? []
            let after = behind.isEmpty ? "" : "  <- \(behind.map(\.visible).joined(separator: ", "))"
            return String(repeating: "  ", count: levels[branch] ?? 0)
                + "\(branch.visible)  [\(status[branch] ?? "waiting")]\(after)"
        }.joined(separator: "\n")
    }

    private static let (width, height, gap, space) = (220, 44, 70, 18)

    /// A standalone SVG: tasks in columns by how many stand before them, lines from dependencies.
    public static func svg(_ board: OrchestratorBoard) throws -> String {
        let graph = try TaskGraph(board.rows.map(\.task.task))
        let levels = graph.levels
        let status = Dictionary(board.rows.map { ($0.task.id, $0.status) }) { $1 }
        var rows: [Int: Int] = [:]
        var places: [String: (x: Int, y: Int)] = [:]
        for branch in graph.inOrder {
            let level = levels[branch] ?? 0
            places[branch] = (10 + level * (width + gap), 10 + (rows[level] ?? 0) * (height + space))
            rows[level, default: 0] += 1
        }
        let columns = (levels.values.max() ?? 0) + 1
        let size = (
            20 + columns * width + (columns - 1) * gap,
            20 + (rows.values.max() ?? 1) * (height + space) - space
        )
        var parts = [
            "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"\(size.0)\" height=\"\(size.1)\" viewBox=\"0 0 \(size.0) \(size.1)\" font-family=\"system-ui, sans-serif\" font-size=\"13\">"
        ]
        for task in graph.tasks {
            guard let to = places[task.branch] else { continue }
            for dependency in task.dependsOn {
                guard let from = places[dependency] else { continue }
                let (x1, y1) = (from.x + width, from.y + height / 2)
                let (x2, y2) = (to.x, to.y + height / 2)
                let bend = (x2 - x1) / 2
                parts.append(
                    "<path d=\"M\(x1) \(y1) C\(x1 + bend) \(y1) \(x2 - bend) \(y2) \(x2) \(y2)\" fill=\"none\" stroke=\"#888\" stroke-width=\"1.5\"/>"
                )
            }
        }
        for task in graph.tasks {
            guard let place = places[task.branch] else { continue }
            parts.append(box(task, status[task.branch] ?? "waiting", place))
        }
        return parts.joined(separator: "\n") + "\n</svg>\n"
    }

    private static func box(_ task: PlannedTask, _ status: String, _ place: (x: Int, y: Int)) -> String {
        let name = task.branch.visible
        let shown = name.count > 28 ? name.prefix(27) + "…" : name[...]
        return """
            <g><title>\(task.title.visible.escapedForSVG)</title>\
            <rect x="\(place.x)" y="\(place.y)" width="\(width)" height="\(height)" rx="6" fill="\(colour(status))" stroke="#555"/>\
            <text x="\(place.x + 10)" y="\(place.y + 19)">\(String(shown).escapedForSVG)</text>\
            <text x="\(place.x + 10)" y="\(place.y + 36)" fill="#444" font-size="11">\(status.escapedForSVG)</text></g>
            """
    }

    private static func colour(_ status: String) -> String {
        switch status {
        case "done": "#d9f0d9"
        case "running", "starting": "#d8e8fb"
        case "failed", "blocked": "#f8d8d6"
        case "paused", "held": "#fbeecb"
        default: "#f1f1f1"
        }
    }
}
