internal import Core
internal import Store
internal import TerminalKit
internal import Watch

/// A pane that somebody looks at.
struct OpenPane {
    var follower: PaneFollower
    /// Tells this reading of the tap from another one.
    let number: Int
    var used = 0
    private var history: [(serial: UInt64, html: String, text: String)] = []
    private var lastSerial: UInt64 = 0

    /// Lines that are kept of what has scrolled off.
    static let mostLines = 2000
    /// Bytes that are read for one look.
    static let most: Int64 = 1 << 20
    /// There is more in the tap than was read.
    private(set) var isBehind = false

    init(follower: PaneFollower, number: Int) {
        self.follower = follower
        self.number = number
        keepHistory()
    }

    mutating func catchUp() throws {
        let end = follower.offset + Self.most
        while follower.offset < end {
            guard try follower.readNext() else { return isBehind = false }
            keepHistory()
        }
        isBehind = true
    }

    private mutating func keepHistory() {
        for row in follower.screen.history(after: lastSerial) {
            lastSerial = row.serial
            history.append((row.serial, PaneLine.html(row.runs), row.runs.map(\.text).joined()))
        }
        if history.count > 2 * Self.mostLines { history.removeFirst(history.count - Self.mostLines) }
    }

    var place: PanePlace { PanePlace(follower: number, serial: lastSerial, offset: follower.offset) }

    var text: String {
        (history.map(\.text) + follower.screen.rows).map { String($0.visible) }.joined(separator: "\n")
    }

    func update(of id: AgentID, pane: String, branch: String, after seen: PanePlace?) -> PaneUpdate? {
        guard seen != place else { return nil }
        let screen = follower.screen
        let first = history.first?.serial ?? 0
        let isReset = seen.map { $0.follower != number || $0.serial + 1 < first && first > 0 } ?? true
        let news = isReset ? history : history.filter { $0.serial > seen?.serial ?? 0 }
        return PaneUpdate(
            agent: id, pane: pane, branch: branch,
            title: String(screen.title.prefix(200)).visible, columns: screen.size.columns, isReset: isReset,
            history: news.map(\.html),
            screen: (0..<screen.size.rows).map { PaneLine.html(screen.cells(row: $0)) }, place: place,
            isBehind: isBehind)
    }
}
