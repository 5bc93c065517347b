/// Says each marker and each logical line of a pane once, however often and wherever its rows are shown.
///
/// Pure: it sees rows at moments that the bytes themselves decide, never a clock, so a replay gives the same answers.
/// Its whole memory is `Codable` and is stored with keyframes.
public struct MarkerScanner: Codable, Sendable, Equatable {
    /// What a look at the screen gave.
    public struct Findings: Sendable, Equatable {
        public var markers: [Marker] = []
        /// Logical lines that are over, without echoes of typed text.
        public var lines: [String] = []
        /// Markers that could not be read: not an object, damaged beyond repair, too long or too deep.
        public var broken = 0

        public init() {}

        public var isEmpty: Bool { markers.isEmpty && lines.isEmpty && broken == 0 }
    }

    /// A moment of the screen.
    public struct Moment: Sendable {
        public var size: TerminalSize
        public var isAlternate: Bool
        public var isCursorVisible: Bool
        public var cursorRow: Int
        /// Rows that changed since the last look.
        public var dirty: Range<Int>
        /// The pane has been quiet, or the recording ends here: nothing is half painted.
        public var isSettled: Bool

        public init(
            size: TerminalSize, isAlternate: Bool, isCursorVisible: Bool, cursorRow: Int, dirty: Range<Int>,
            isSettled: Bool = false
        ) {
            self.size = size
            self.isAlternate = isAlternate
            self.isCursorVisible = isCursorVisible
            self.cursorRow = cursorRow
            self.dirty = dirty
            self.isSettled = isSettled
        }
    }

    public var kind: AgentKind?
    /// Set to get `Findings.lines`; off by default because most panes need none.
    public var wantsLines = false
    private var flow = FlowScanner()
    private var transcript = TranscriptScanner()
    private var echoes = EchoFilter()
    private var ids: [String] = []
    private var wasResized = false

    /// Ids of markers that are remembered: an id counts once per start of the agent.
    private static let mostIDs = 2000

    public init(kind: AgentKind?) { self.kind = kind }

    /// Expects the echo of text that was typed into the pane.
    public mutating func expectEcho(_ text: String) { echoes.expect(text) }

    /// The pane has another size: what is painted next was painted before.
    public mutating func resized() {
        transcript.wasResized = true
        wasResized = true
    }

    /// The whole primary screen was erased; a program that hides the cursor is painting, and paints the same again.
    public mutating func cleared(isPainting: Bool) {
        let redraws = kind.map { $0 != .shell && $0 != .aider } ?? false
        flow.cleared(isRedraw: redraws || wasResized || isPainting)
        wasResized = false
    }

    /// False while a marker on a flowing screen is unfinished or waits for the end of a painting.
    public var isIdle: Bool { flow.isIdle }

    /// True when a row with this serial number can end a line that was not given.
    public func needsLines(from serial: UInt64) -> Bool { flow.needsLines(from: serial) }

    /// The lines among `rows` that are over before row `end`, when no row that changed can hold a marker.
    ///
    /// `isTop` says that the first row is the first of the screen, where a line that began above may go on.
    public mutating func lines(_ rows: [ScreenRow], upTo end: Int, isTop: Bool) -> [String] {
        flow.lines(rows, upTo: end, isTop: isTop, echoes)
    }

    /// Takes rows that scrolled off the primary screen.
    ///
    /// `screen` makes the rows that are left; it is only called when a repeated marker hangs on them.
    public mutating func leave(_ rows: [ScreenRow], screen: () -> [ScreenRow], _ moment: Moment) -> Findings {
        let echoes = echoes
        let rows = echoes.uncovering(rows)
        return finish(
            flow.leave(rows, screen: { echoes.uncovering(screen()) }, flowMoment(moment), echoes),
            lines: wantsLines ? flow.linesLeaving(rows, echoes) : [])
    }

    /// Looks at the screen.
    public mutating func look(_ rows: [ScreenRow], _ moment: Moment) -> Findings {
        if moment.isAlternate {
            let result = transcript.scan(
                rows, columns: moment.size.columns, acceptsBare: kind != .shell, echoes: echoes,
                isSettled: moment.isSettled)
            return finish(result, lines: wantsLines ? result.lines : [])
        }
        let rows = echoes.uncovering(rows)
        let result = flow.look(rows, flowMoment(moment), echoes)
        var lines: [String] = []
        if wantsLines { lines = flow.lines(rows, upTo: lineEnd(rows, moment), isTop: true, echoes) }
        return finish(result, lines: lines)
    }

    /// Rows before this one are over: the row under the cursor is still being written.
    private func lineEnd(_ rows: [ScreenRow], _ moment: Moment) -> Int {
        var end = min(moment.cursorRow, rows.count)
        // An empty row has said nothing yet: what is printed there later is its line.
        if moment.isSettled, end < rows.count, !rows[end].text.isEmpty { end += 1 }
        return end
    }

    private func flowMoment(_ moment: Moment) -> FlowScanner.Moment {
        FlowScanner.Moment(
            columns: moment.size.columns, acceptsBare: kind != .shell,
            promptBlocks: kind != .shell && kind != nil,
            isPainting: !moment.isCursorVisible && !moment.isSettled, isSettled: moment.isSettled,
            cursorRow: moment.cursorRow, dirty: moment.dirty)
    }

    private mutating func finish(_ result: TranscriptScanner.Result, lines: [String]) -> Findings {
        var findings = Findings()
        findings.lines = lines
        findings.broken = result.broken
        for marker in result.markers {
            if let id = marker.id {
                if ids.contains(id) { continue }
                ids.append(id)
                if ids.count > Self.mostIDs { ids.removeFirst() }
            }
            findings.markers.append(marker)
        }
        return findings
    }

    /// Forgets ids: the agent was started again, and its markers count anew, but not what it shows of its past.
    public mutating func agentStarted() {
        ids = []
        resized()
    }
}
