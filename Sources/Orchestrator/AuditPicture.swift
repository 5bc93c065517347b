internal import Core

/// A replay as a timeline: a row for each branch, a mark for each decision.
public enum AuditPicture {
    private static let (left, right, rowHeight, top) = (200, 880, 26, 34)

    /// A standalone SVG; marks that today's program or settings would not make, or makes anew, are red.
    public static func svg(_ report: AuditReplay.Report) -> String {
        var branches: [String] = []
        for mark in report.marks where !branches.contains(mark.branch) { branches.append(mark.branch) }
        let first = report.marks.map(\.at).min() ?? Timestamp(milliseconds: 0)
        let last = report.marks.map(\.at).max() ?? first
        let span = max(1, last.milliseconds - first.milliseconds)
        let height = top + branches.count * rowHeight + 10
        var parts = [
            "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"\(right + 20)\" height=\"\(height)\" viewBox=\"0 0 \(right + 20) \(height)\" font-family=\"system-ui, sans-serif\" font-size=\"12\">",
            "<text x=\"\(left)\" y=\"16\" fill=\"#555\">\(first.iso8601)</text>",
            "<text x=\"\(right)\" y=\"16\" fill=\"#555\" text-anchor=\"end\">\(last.iso8601)</text>",
        ]
        for (row, branch) in branches.enumerated() {
            let y = top + row * rowHeight + rowHeight / 2
            let name = branch.visible
            parts.append("<text x=\"8\" y=\"\(y + 4)\">\(String(name.prefix(26)).escapedForSVG)</text>")
            parts.append("<line x1=\"\(left)\" y1=\"\(y)\" x2=\"\(right)\" y2=\"\(y)\" stroke=\"#ddd\"/>")
        }
        for mark in report.marks {
            guard let row = branches.firstIndex(of: mark.branch) else { continue }
            let x = left + Int(Int64(right - left) * (mark.at.milliseconds - first.milliseconds) / span)
            let y = top + row * rowHeight + rowHeight / 2
            let colour = mark.isSame ? "#3b7dd8" : "#d0342c"
            parts.append(
                "<circle cx=\"\(x)\" cy=\"\(y)\" r=\"4\" fill=\"\(colour)\"><title>\(mark.what.visible.escapedForSVG)</title></circle>"
            )
        }
        return parts.joined(separator: "\n") + "\n</svg>\n"
    }
}
