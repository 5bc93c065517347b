public import Core
public import ProcessKit
public import SystemPackage

/// A pane with what tells, from one list to the next, whether it showed anything new.
public struct WatchablePane: Sendable, Hashable {
    public var pane: PaneSnapshot
    /// Changes when the pane's window prints, to the second, and when the pane scrolls or its cursor moves.
    public var activity: String
}

/// What a pane shows and what scrolled off above it.
public struct PaneHistory: Sendable, Hashable {
    public var pane: PaneSnapshot
    /// Rows that tmux keeps above the screen.
    public var historySize: Int
    /// Counted from zero.
    public var cursorRow: Int
    public var cursorColumn: Int
    public var isCursorVisible: Bool
    /// Rows from top to bottom without the spaces at their ends; the last `pane.rows` of them are the screen.
    public var rows: [String]
}

/// What came of piping a pane of somebody else.
public enum TapLoan: Sendable, Hashable {
    /// What the pane prints behind this moment reaches the tap.
    case lent(PaneHistory)
    /// The pane has a pipe already.
    case taken
}

extension TmuxServer {
    /// Every pane of the server; none when no server runs.
    public func watchablePanes() async throws(TmuxError) -> [WatchablePane] {
        let panes = try await watchablePanesNow()
        guard panes.contains(where: { $0.pane.end == .unknown }) else { return panes }
        try await collectChildren()
        return try await watchablePanesNow()
    }

    private func watchablePanesNow() async throws(TmuxError) -> [WatchablePane] {
        let format = PaneFormat.format + "\t#{window_activity} #{history_size} #{cursor_y} #{cursor_x}"
        let lines: [String]
        do {
            lines = try await run([["list-panes", "-a", "-F", format]])
        } catch .noServer {
            return []
        }
        var found: [WatchablePane] = []
        for line in lines {
            guard let cut = line.utf8.lastIndex(of: UInt8(ascii: "\t")),
                let pane = PaneFormat.parse(String(line[..<cut]))
            else { throw .unexpectedOutput(command: "list-panes", line: line) }
            found.append(WatchablePane(pane: pane, activity: String(line[line.utf8.index(after: cut)...])))
        }
        return found
    }

    /// What a pane shows, with at most `limit` rows above it; none of those on the alternate screen.
    public func history(of address: PaneAddress, limit: Int) async throws(TmuxError) -> PaneHistory {
        let look = Self.look(address, limit: limit)
        return try await historyLines([Self.guarded(address, living: false, look)], at: address).history
    }

    /// Pipes a pane that was not started here to `tap`, unless it has a pipe.
    ///
    /// The history is that of the moment before the first piped byte: nothing is printed in between. The server keeps
    /// it too, with `note`, until ``settleLoan(of:)``: whoever asked may not live to hear of it.
    public func lendTap(
        of address: PaneAddress, to tap: FilePath, limit: Int, note: LoanNote
    ) async throws(TmuxError) -> TapLoan {
        let target = address.pane.description
        let arm: TmuxCommand = .when(
            "#{pane_pipe}", in: target, then: [.say("ta-piped")],
            otherwise: Self.keepLoan(of: address, limit: limit, note: note) + Tap.pipe(tap, in: target)
                + [.say("ta-armed")])
        let commands = Self.look(address, limit: limit) + [arm]
        let list: TmuxCommandList = [Self.guarded(address, living: false, commands)]
        let found = try await historyLines(list, at: address, words: ["ta-armed", "ta-piped"])
        return found.last == "ta-armed" ? .lent(found.history) : .taken
    }

    /// Ends a pane's pipe if it is the one to `tap`, and removes every trace of it; what the pane showed at that moment.
    ///
    /// Nil when the pane has another pipe by now, or is gone.
    public func returnTap(
        of address: PaneAddress, to tap: FilePath, limit: Int
    ) async throws(TmuxError) -> PaneHistory? {
        let target = address.pane.description
        let end: [TmuxCommand] = [
            ["pipe-pane", "-t", target], ["set-option", "-p", "-u", "-t", target, PaneOption.tap],
        ]
        let whole = TmuxCommand.when(
            "#{==:#{\(PaneOption.tap)},\(TmuxFormat.name(tap.string))}", in: target,
            then: Self.look(address, limit: limit) + end, otherwise: [.say("ta-piped")])
        do {
            return try await historyLines([Self.guarded(address, living: false, [whole])], at: address)
                .history
        } catch .noServer {
            return nil
        } catch .noPane {
            return nil
        } catch .otherServer {
            return nil
        } catch .pipedElsewhere {
            return nil
        }
    }

    /// Forgets that a pane was piped to `tap`, when the pipe itself is somebody else's by now.
    public func forgetTap(of address: PaneAddress, to tap: FilePath) async throws(TmuxError) {
        let target = address.pane.description
        let unset = TmuxCommand.when(
            "#{==:#{\(PaneOption.tap)},\(TmuxFormat.name(tap.string))}", in: target,
            then: [["set-option", "-p", "-u", "-t", target, PaneOption.tap]], otherwise: [])
        _ = try await runGuarded([Self.guarded(address, living: false, [unset])], at: address)
    }

    /// The folder that the pane's program is in.
    public func folder(of address: PaneAddress) async throws(TmuxError) -> String {
        let ask: TmuxCommand = [
            "display-message", "-p", "-t", address.pane.description, "#{pane_current_path}",
        ]
        return try await runGuarded([Self.guarded(address, living: false, [ask])], at: address)
    }

    static let placeFormat = "#{history_size} #{cursor_y} #{cursor_x} #{pane_height} #{cursor_flag}"

    private static func look(_ address: PaneAddress, limit: Int) -> [TmuxCommand] {
        let target = address.pane.description
        return [
            ["display-message", "-p", "-t", target, PaneFormat.format],
            ["display-message", "-p", "-t", target, placeFormat],
            ["capture-pane", "-p", "-t", target, "-S", "-\(limit)"],
        ]
    }

    /// Runs a list that begins with `look`; `last` is the one of `words` that it printed behind that.
    private func historyLines(
        _ list: TmuxCommandList, at address: PaneAddress, words: [String] = []
    ) async throws(TmuxError) -> (history: PaneHistory, last: String?) {
        let lines: ArraySlice<String>
        do {
            lines = try await run(list, repeatable: false)[...]
        } catch .connectionLost {
            // A second run finds what the first one did.
            lines = try await tmux.run(list)[...]
        } catch .noServer {
            throw .noPane(address.pane.description)
        }
        return try Self.history(in: lines, of: address, words: words)
    }

    /// Reads what `look` printed.
    static func history(
        in printed: ArraySlice<String>, of address: PaneAddress, words: [String] = []
    ) throws(TmuxError) -> (history: PaneHistory, last: String?) {
        var lines = printed
        guard let first = lines.popFirst() else { throw .noPane(address.pane.description) }
        if first == Refusal.otherServer.rawValue { throw .otherServer(socket: address.server.socket) }
        if first == "ta-piped" { throw .pipedElsewhere(address.pane) }
        guard let pane = PaneFormat.parse(first),
            let head = lines.popFirst()?.split(separator: " ").compactMap({ Int($0) }), head.count == 5
        else { throw .unexpectedOutput(command: "capture-pane", line: first) }
        var last: String?
        if let word = lines.last, words.contains(word) { last = lines.removeLast() }
        var rows = lines.map(trimmed)
        // capture-pane prints every row of the screen, empty ones too.
        while rows.count < head[3] { rows.append("") }
        if pane.isAlternate { rows = rows.suffix(head[3]) }
        return (
            PaneHistory(
                pane: pane, historySize: head[0], cursorRow: head[1], cursorColumn: head[2],
                isCursorVisible: head[4] == 1, rows: rows), last
        )
    }

    private static func trimmed(_ row: String) -> String {
        guard let last = row.utf8.lastIndex(where: { $0 != UInt8(ascii: " ") }) else { return "" }
        return String(row[...last])
    }
}

extension TmuxServer {
    /// The process that appends to a tap of this machine; nil when there is none any more, or none can be seen.
    public func writer(of tap: FilePath, life: TmuxServerID) -> ProcessIdentity? {
        try? Tap.writer(of: tap, server: life)  // what cannot be seen is not waited for
    }
}
