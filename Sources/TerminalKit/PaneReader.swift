public import Core

/// One thing that a pane said.
public enum Reading: Equatable, Sendable {
    /// `offset` is the tap offset behind the last byte that was needed to see it.
    case marker(Marker, offset: UInt64)
    /// A logical line that is over.
    case line(String, offset: UInt64)
    /// A marker that could not be read.
    case brokenMarker(offset: UInt64)

    public var offset: UInt64 {
        switch self {
        case .marker(_, let offset), .line(_, let offset), .brokenMarker(let offset): offset
        }
    }
}

/// Reads a pane's tap: bytes in, markers and lines out, with the screen as it stands.
///
/// The same bytes give the same readings however they are cut into pieces. Owned by one task at a time.
public final class PaneReader {
    public let screen: TerminalScreen
    public internal(set) var scanner: MarkerScanner
    /// The tap offset behind the last byte that was fed.
    public internal(set) var offset: UInt64
    private var clears: Int
    /// The alternate screen's program uses synchronised output, so nothing else ends a frame.
    var usesSynchronisedOutput = false

    /// Starts with an empty screen at tap offset `offset`.
    public init(size: TerminalSize, kind: AgentKind?, offset: UInt64 = 0) {
        screen = TerminalScreen(size: size)
        scanner = MarkerScanner(kind: kind)
        self.offset = offset
        clears = screen.grid.clears
    }

    init(screen: TerminalScreen, scanner: MarkerScanner, offset: UInt64) {
        self.screen = screen
        self.scanner = scanner
        self.offset = offset
        clears = screen.grid.clears
    }

    /// Set to get `Reading.line`.
    public var wantsLines: Bool {
        get { scanner.wantsLines }
        set { scanner.wantsLines = newValue }
    }

    /// Expects the echo of text that was typed into the pane.
    public func expectEcho(_ text: String) { scanner.expectEcho(text) }

    /// Feeds the bytes of the tap that follow `offset`.
    public func feed(_ bytes: [UInt8]) -> [Reading] {
        var readings: [Reading] = []
        unsafe bytes.withUnsafeBufferPointer { buffer in
            var index = 0
            let start = offset
            while true {
                unsafe readPlainLines(buffer, &index, from: start, &readings)
                let boundary = unsafe screen.advance(buffer, &index)
                offset = start + UInt64(index)
                collect(boundary, &readings)
                if boundary == nil { break }
            }
        }
        return readings
    }

    /// Feeds bytes that stand in no tap, such as what a capture showed: the offset stays where it is, and only a
    /// keyframe remembers them.
    public func amend(_ bytes: [UInt8]) -> [Reading] {
        let place = offset
        defer { offset = place }
        return feed(bytes)
    }

    /// Which program's manners the pane has; another one from the next byte on.
    public var kind: AgentKind? {
        get { scanner.kind }
        set { scanner.kind = newValue }
    }

    /// The pane has been quiet, or its recording ends: what stands there is finished.
    public func settle() -> [Reading] {
        var readings: [Reading] = []
        if !screen.grid.scrolledOff.isEmpty { leave(&readings) }
        look(&readings, isSettled: true)
        return readings
    }

    /// The reader for the bytes that follow when tmux cleared the pane and started its program again.
    ///
    /// A program that shows its past again (`--continue`) is known by what the scanner remembers; a shell has no past.
    public func restarted(size: TerminalSize) -> PaneReader {
        let kind = scanner.kind
        var scanner = MarkerScanner(kind: kind)
        if let kind, kind != .shell, kind != .aider {
            scanner = self.scanner
            scanner.agentStarted()
            scanner.cleared(isPainting: false)
        }
        scanner.wantsLines = wantsLines
        let fresh = TerminalScreen(size: size)
        fresh.grid.reserveSerials(through: screen.grid.lastSerial)
        fresh.grid.primary = fresh.grid.blankRows(size.rows)
        fresh.grid.alternate = fresh.grid.blankRows(size.rows)
        return PaneReader(screen: fresh, scanner: scanner, offset: offset)
    }

    /// The pane has another size from the next byte on.
    public func resize(_ size: TerminalSize) {
        guard size != screen.size else { return }
        scanner.resized()
        screen.resize(size)
    }

    func collect(_ boundary: Boundary?, _ readings: inout [Reading]) {
        if screen.grid.clears != clears {
            clears = screen.grid.clears
            if !screen.isAlternate { scanner.cleared(isPainting: !screen.isCursorVisible) }
        }
        // The end of a piece of input is no moment: the next piece may have come with it.
        guard let boundary else { return }
        if !screen.grid.scrolledOff.isEmpty { leave(&readings) }
        if screen.isAlternate {
            if endsFrame(boundary) { look(&readings, isSettled: false) }
        } else if changesRows(boundary) {
            look(&readings, isSettled: false)
        }
    }

    /// Hands rows that scrolled off to the scanner; a shell's rows without a marker need not become text.
    private func leave(_ readings: inout [Reading]) {
        if scanner.kind == .shell, scanner.isIdle, let last = screen.grid.scrolledOff.last, !last.isWrapped,
            !scanner.wantsLines || !scanner.needsLines(from: last.serial),
            !screen.grid.scrolledOff.contains(where: \.mentionsMarker)
        {
            return screen.grid.scrolledOff.removeAll(keepingCapacity: true)
        }
        let rows = screen.takeScrolledOff()
        take(scanner.leave(rows, screen: { screen.screenRows }, moment(isSettled: false)), &readings)
    }

    private func endsFrame(_ boundary: Boundary) -> Bool {
        switch boundary {
        case .lineFeed, .pause: return false
        case .after(let control):
            if control.leader == UInt8(ascii: "?"), control.parameters.contains(2026) {
                usesSynchronisedOutput = true
                return true
            }
            guard !usesSynchronisedOutput else { return false }
            // The cursor appears, or goes to the last row: a painter's last move.
            return control.leader == UInt8(ascii: "?")
                || control.parameter(0, default: 1) == screen.size.rows
                    && control.parameter(1, default: 1) == 1
        case .before(let control):
            if control.leader == UInt8(ascii: "?") {
                // The program leaves or enters a screen.
                return control.parameters.contains { [47, 1047, 1049].contains($0) }
            }
            guard !usesSynchronisedOutput, control.isCSI, control.leader == 0 else { return false }
            return control.final == UInt8(ascii: "H") && control.parameter(0, default: 1) == 1
        }
    }

    /// True before anything that leaves the row or changes rows that are written.
    private func changesRows(_ boundary: Boundary) -> Bool {
        switch boundary {
        case .lineFeed: return true
        case .after: return true
        case .pause: return false
        case .before(let control):
            if !control.isCSI { return true }
            if control.leader == UInt8(ascii: "?") {
                return control.parameters.contains { [47, 1047, 1049].contains($0) }
            }
            return control.leader == 0 && "ABEFHJKLMSTdfXP".utf8.contains(control.final)
        }
    }

    private func look(_ readings: inout [Reading], isSettled: Bool) {
        guard let dirty = screen.grid.dirty ?? (isSettled ? 0..<screen.size.rows : nil) else {
            guard screen.isCursorVisible, !screen.isAlternate, !scanner.isIdle else { return }
            return lookAt(0..<0, &readings, isSettled)
        }
        screen.grid.dirty = nil
        if !screen.isAlternate, !isSettled, scanner.isIdle,
            !screen.grid.primary[dirty.clamped(to: 0..<screen.size.rows)].contains(where: \.mentionsMarker)
        {
            if scanner.wantsLines { lookForLines(&readings) }
            return
        }
        lookAt(dirty, &readings, isSettled)
    }

    /// Gives the lines that are over, when there is nothing else to find; only rows that may hold them become text.
    private func lookForLines(_ readings: inout [Reading]) {
        let end = min(screen.cursor.row, screen.size.rows)
        let begin = screen.grid.primary[..<end].firstIndex { scanner.needsLines(from: $0.serial) }
        guard var first = begin else { return }
        while first > 0, screen.grid.primary[first - 1].isWrapped { first -= 1 }
        // One row more, to see whether the last line goes on.
        let rows = (first..<min(end + 1, screen.size.rows)).map { screen.grid.screenRow(at: $0) }
        for line in scanner.lines(rows, upTo: end - first, isTop: first == 0) {
            readings.append(.line(line, offset: offset))
        }
    }

    private func lookAt(_ dirty: Range<Int>, _ readings: inout [Reading], _ isSettled: Bool) {
        var moment = moment(isSettled: isSettled)
        moment.dirty = dirty
        take(scanner.look(screen.screenRows, moment), &readings)
    }

    private func moment(isSettled: Bool) -> MarkerScanner.Moment {
        MarkerScanner.Moment(
            size: screen.size, isAlternate: screen.isAlternate, isCursorVisible: screen.isCursorVisible,
            cursorRow: screen.cursor.row, dirty: 0..<0, isSettled: isSettled)
    }

    private func take(_ findings: MarkerScanner.Findings, _ readings: inout [Reading]) {
        readings += findings.lines.map { .line($0, offset: offset) }
        readings += findings.markers.map { .marker($0, offset: offset) }
        readings += (0..<findings.broken).map { _ in .brokenMarker(offset: offset) }
    }
}
