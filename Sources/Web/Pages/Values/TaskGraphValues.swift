internal import Core
internal import Store

extension PageValues {
    /// More of them are no picture any more.
    private static let mostDrawn = 150
    private static let (width, height, gap, space, edge) = (200, 44, 52, 14, 2)

    /// The tasks in columns by how many stand before them, with lines from dependencies; nil when none waits for another.
    func taskGraph() -> [String: Any]? {
        let tasks = board.tasks.map(\.task.task)
        // A plan that is no graph is refused when it is read.
        guard tasks.contains(where: { !$0.dependsOn.isEmpty }), tasks.count <= Self.mostDrawn,
            let graph = try? TaskGraph(tasks)
        else { return nil }
        let levels = graph.levels
        var rows: [Int: Int] = [:]
        var places: [String: (x: Int, y: Int)] = [:]
        for branch in graph.inOrder {
            let level = levels[branch] ?? 0
            places[branch] = (
                Self.edge + level * (Self.width + Self.gap),
                Self.edge + rows[level, default: 0] * (Self.height + Self.space)
            )
            rows[level, default: 0] += 1
        }
        let columns = (levels.values.max() ?? 0) + 1
        return [
            "width": 2 * Self.edge + columns * (Self.width + Self.gap) - Self.gap,
            // Below the last row there is room for lines, too.
            "height": 2 * Self.edge + (rows.values.max() ?? 1) * (Self.height + Self.space) - Self.space / 2,
            "lines": tasks.flatMap { lines(to: $0, places) },
            "boxes": board.tasks.compactMap { row in places[row.task.id].map { box(row, $0) } },
        ]
    }

    private func lines(to task: PlannedTask, _ places: [String: (x: Int, y: Int)]) -> [[String: Any]] {
        guard let to = places[task.branch] else { return [] }
        return task.dependsOn.compactMap { places[$0] }.map { from in
            let (x1, y1) = (from.x + Self.width, from.y + Self.height / 2)
            let (x2, y2) = (to.x, to.y + Self.height / 2)
            guard x2 - x1 > Self.gap else { return ["d": "M\(x1) \(y1)\(Self.curve(x1, y1, x2, y2))"] }
            // Past the boxes between, in the space below its row.
            let (first, last) = (x1 + Self.gap, x2 - Self.gap)
            let middle = from.y + Self.height + Self.space / 2
            let (down, up) = (Self.curve(x1, y1, first, middle), Self.curve(last, middle, x2, y2))
            return ["d": "M\(x1) \(y1)\(down)H\(last)\(up)"]
        }
    }

    private static func curve(_ x1: Int, _ y1: Int, _ x2: Int, _ y2: Int) -> String {
        let bend = (x2 - x1) / 2
        return "C\(x1 + bend) \(y1) \(x2 - bend) \(y2) \(x2) \(y2)"
    }

    private func box(_ row: OrchestratorBoard.Row, _ place: (x: Int, y: Int)) -> [String: Any] {
        let name = row.task.id.visible
        return [
            "status": row.status, "x": place.x, "y": place.y, "w": Self.width, "h": Self.height,
            "textX": place.x + 12, "nameY": place.y + 19, "wordY": place.y + 35,
            "name": name.count > 22 ? name.prefix(21) + "…" : name,
            "title": "\(name): \(row.task.task.title.visible)", "glyph": Self.glyphs[row.status] ?? "·",
            "word": words["task_\(row.status)"],
        ]
    }
}
