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
                    ["display-message", "-p", "-t", target, Self.cursorFormat],
                    ["capture-pane", "-p", "-t", target],
                ]
            })
        var lines = try await run(list)[...]
        var found: [PaneCapture] = []
        for pane in living {
            guard let capture = Self.capture(of: pane, &lines) else { break }
            found.append(capture)
        }
        return found
    }

    /// Looks at one pane, in one round trip whose price does not grow with the number of panes.
    public func capture(_ address: PaneAddress) async throws(TmuxError) -> PaneCapture {
        let target = address.pane.description
        let look: [TmuxCommand] = [
            ["display-message", "-p", "-t", target, PaneFormat.format],
            ["display-message", "-p", "-t", target, Self.cursorFormat],
            ["capture-pane", "-p", "-t", target],
        ]
        var lines: ArraySlice<String>
        do {
            lines = try await run([Self.guarded(address, living: false, look)])[...]
        } catch .noServer {
            throw .noPane(address.pane.description)
        }
        guard let first = lines.popFirst() else { throw .noPane(address.pane.description) }
        guard first != Refusal.otherServer.rawValue else {
            throw .otherServer(socket: address.server.socket)
        }
        guard let pane = PaneFormat.parse(first), let capture = Self.capture(of: pane, &lines) else {
            throw .unexpectedOutput(command: "capture-pane", line: first)
        }
        return capture
    }

    private static let cursorFormat = "#{cursor_y} #{cursor_x} #{pane_height}"

    /// Takes one pane's cursor and rows from the front of `lines`.
    private static func capture(of pane: PaneSnapshot, _ lines: inout ArraySlice<String>) -> PaneCapture? {
        guard let head = lines.popFirst()?.split(separator: " ").compactMap({ Int($0) }), head.count == 3
        else { return nil }
        // capture-pane prints every row of the pane, empty ones too.
        let rows = lines.prefix(head[2]).map { row -> String in
            guard let last = row.utf8.lastIndex(where: { $0 != UInt8(ascii: " ") }) else { return "" }
            return String(row[...last])
        }
        lines = lines.dropFirst(head[2])
        return PaneCapture(pane: pane, rows: rows, cursorRow: head[0], cursorColumn: head[1])
    }
}
