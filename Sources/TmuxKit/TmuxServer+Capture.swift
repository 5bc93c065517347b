internal import Core

/// What a pane shows at one moment, as tmux itself sees it.
public struct PaneCapture: Sendable, Hashable {
    public var pane: PaneSnapshot
    /// Rows from top to bottom without the spaces at their ends.
    public var rows: [String]
    /// Counted from zero.
    public var cursorRow: Int
    public var cursorColumn: Int
}

extension TmuxServer {
    /// Looks at panes of this server, in the given order; panes that are gone are left out.
    ///
    /// All of them in one command list, so that a look at a hundred panes is one round trip.
    public func captures(_ addresses: [PaneAddress]) async throws(TmuxError) -> [PaneCapture] {
        let wanted = Set(addresses)
        let living = try await panes().filter { wanted.contains($0.address) }
        guard !living.isEmpty else { return [] }
        let list = TmuxCommandList(
            living.flatMap { pane -> [TmuxCommand] in
                let target = pane.id.description
                return [
                    ["display-message", "-p", "-t", target, "#{cursor_y} #{cursor_x} #{pane_height}"],
                    ["capture-pane", "-p", "-t", target],
                ]
            })
        var lines = try await run(list)[...]
        var found: [PaneCapture] = []
        for pane in living {
            guard let head = lines.popFirst()?.split(separator: " ").compactMap({ Int($0) }), head.count == 3
            else { break }
            // capture-pane prints every row of the pane, empty ones too.
            let rows = lines.prefix(head[2]).map { row in
                String(row.reversed().drop { $0 == " " }.reversed())
            }
            lines = lines.dropFirst(head[2])
            found.append(PaneCapture(pane: pane, rows: rows, cursorRow: head[0], cursorColumn: head[1]))
        }
        return found
    }

    /// Looks at one pane, in one round trip.
    public func capture(_ address: PaneAddress) async throws(TmuxError) -> PaneCapture {
        let target = address.pane.description
        let look: [TmuxCommand] = [
            ["display-message", "-p", "-t", target, PaneFormat.format],
            ["display-message", "-p", "-t", target, "#{cursor_y} #{cursor_x}"],
            ["capture-pane", "-p", "-t", target],
        ]
        let lines = try await run([Self.guarded(address, living: false, look)])
        guard lines.count > 2, lines.first != Refusal.otherServer.rawValue,
            let pane = try Self.snapshots([lines[0]]).first
        else { throw .noPane(target) }
        let cursor = lines[1].split(separator: " ").compactMap { Int($0) }
        guard cursor.count == 2 else { throw .unexpectedOutput(command: "display-message", line: lines[1]) }
        // capture-pane prints every row of the pane, empty ones too.
        let rows = lines[2...].map { String($0.reversed().drop { $0 == " " }.reversed()) }
        return PaneCapture(pane: pane, rows: rows, cursorRow: cursor[0], cursorColumn: cursor[1])
    }
}
