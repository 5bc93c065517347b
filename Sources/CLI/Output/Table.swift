internal import Core

/// Columns of text that line up, whatever the width of their characters.
struct Table {
    struct Cell {
        var text: String
        /// Columns that the text takes.
        var width: Int
        var style: @Sendable (String) -> String = { $0 }

        init(_ text: String, style: @escaping @Sendable (String) -> String = { $0 }) {
            self.text = text.visible
            width = self.text.displayWidth
            self.style = style
        }
    }

    var header: [String]
    var rows: [[Cell]] = []

    /// Two spaces between columns, none at the ends of lines; a long cell is cut at `limit` columns.
    func text(_ style: Style, limit: Int = 60) -> String {
        let all = [header.map { Cell($0, style: style.dim) }] + rows
        let widths = header.indices.map { column in
            all.map { min($0[column].width, limit) }.max() ?? 0
        }
        return all.map { row in
            let cells = row.enumerated().map { column, cell in
                let isCut = cell.width > limit
                let cut = isCut ? cell.text.truncated(toColumns: limit) : cell.text
                let width = isCut ? cut.displayWidth : cell.width
                let isLast = column == row.count - 1
                let space = isLast ? "" : String(repeating: " ", count: widths[column] - width)
                return cell.style(cut) + space
            }
            return cells.joined(separator: "  ").trimmingTrailingSpaces
        }.joined(separator: "\n")
    }
}

extension String {
    fileprivate var trimmingTrailingSpaces: String {
        guard let last = utf8.lastIndex(where: { $0 != UInt8(ascii: " ") }) else { return "" }
        return String(self[...last])
    }
}

extension Duration {
    /// One unit, as people say it: `5s`, `12m`, `3h`, `9d`.
    var briefly: String {
        let seconds = max(0, components.seconds)
        return switch seconds {
        case ..<60: "\(seconds)s"
        case ..<3600: "\(seconds / 60)m"
        case ..<86_400: "\(seconds / 3600)h"
        default: "\(seconds / 86_400)d"
        }
    }
}
