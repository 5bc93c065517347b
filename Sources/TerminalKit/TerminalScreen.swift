internal import CVTerm
public import Core

/// What a terminal of a size shows after the bytes it was fed, by libvterm.
///
/// Owned by one task at a time. Nothing in it reads a clock, so the same bytes always give the same screen.
@safe public final class TerminalScreen {
    private let holder: GridHolder
    var filter = StreamFilter()
    var modes = ModeTracker()
    // SAFETY: made in init, freed in deinit, never handed out. `holder` outlives it, because libvterm holds an
    // unretained reference to it as callback data.
    private let vterm: OpaquePointer
    private let state: OpaquePointer
    private var pending: [UInt8] = []
    /// Scratch for sequences.
    private var rendered: [UInt8] = []
    /// A sequence that was told and is not done yet.
    private(set) var due: ControlSequence?
    /// Plain lines are written into the grid without libvterm.
    var usesFastRoad = true

    public init(size: TerminalSize) {
        holder = GridHolder(Grid(size: size))
        guard let vterm = unsafe vterm_new(Int32(size.rows), Int32(size.columns)),
            let state = unsafe vterm_obtain_state(vterm)
        else { preconditionFailure("libvterm has no memory for a screen of \(size)") }
        unsafe self.vterm = vterm
        unsafe self.state = state
        unsafe vterm_set_utf8(vterm, 1)
        // Answers to queries are tmux's to give; without a callback libvterm would keep them.
        unsafe vterm_output_set_callback(vterm, { _, _, _ in }, nil)
        unsafe vterm_state_set_callbacks(
            state, GridCallbacks.table, Unmanaged.passUnretained(holder).toOpaque())
        unsafe vterm_state_reset(state, 1)
        grid.dirty = nil
    }

    deinit { unsafe vterm_free(vterm) }

    /// Not to be held while libvterm is called, which changes it.
    var grid: Grid {
        _read { yield holder.grid }
        _modify { yield &holder.grid }
    }

    public var size: TerminalSize { grid.size }
    /// Empty until the program sets one.
    public var title: String { grid.title }
    public var isAlternate: Bool { grid.isAlternate }
    public var isCursorVisible: Bool { grid.isCursorVisible }
    /// Zero-based; the column stays on the last one while a wrap is pending.
    public var cursor: (row: Int, column: Int) { grid.cursor }
    /// True between characters and sequences; only here a snapshot can be taken.
    public var isAtGround: Bool { filter.isAtGround && due == nil }

    /// True inside of a title or another string that has not ended: nothing that comes is shown.
    public var isInString: Bool { filter.isInString }

    /// The rows of the active screen, right-trimmed.
    public var rows: [String] {
        grid.rows.indices.map { index in
            let row = grid.screenRow(at: index)
            return row.isWrapped ? grid.text(grid.rows[index]) : row.text
        }
    }
    /// The rows of the active screen as the scanner reads them.
    public var screenRows: [ScreenRow] { grid.screenRows() }

    /// A row as runs of one style, for drawing it again.
    public func cells(row: Int) -> [StyledRun] {
        guard grid.rows.indices.contains(row) else { return [] }
        return grid.runs(grid.rows[row])
    }

    /// True when the text of the row goes on in the row below.
    public func isWrapped(row: Int) -> Bool { grid.rows.indices.contains(row) && grid.rows[row].isWrapped }

    /// Rows that scrolled off the top of the primary screen since the last call, oldest first.
    public func takeScrolledOff() -> [ScreenRow] {
        defer { grid.scrolledOff.removeAll(keepingCapacity: true) }
        return grid.scrolledOff.map { grid.screenRow($0) }
    }

    /// Feeds all bytes; rows that scroll off are dropped.
    public func feed(_ bytes: [UInt8]) {
        unsafe bytes.withUnsafeBufferPointer { buffer in
            var index = 0
            while unsafe advance(buffer, &index) != nil { grid.scrolledOff.removeAll(keepingCapacity: true) }
        }
        grid.scrolledOff.removeAll(keepingCapacity: true)
    }

    /// Feeds bytes from `index` on up to the next boundary; nil when all are fed.
    func advance(_ bytes: UnsafeBufferPointer<UInt8>, _ index: inout Int) -> Boundary? {
        if let due { perform(due) }
        due = nil
        while true {
            pending.removeAll(keepingCapacity: true)
            let piece = unsafe filter.next(bytes, &index, into: &pending)
            writeText(pending)
            for shift in filter.shifts { modes.isShiftedOut = shift == 0x0e }
            filter.shifts.removeAll(keepingCapacity: true)
            switch piece {
            case nil: return nil
            case .lineFeed: return .lineFeed
            case .pause: return .pause
            case .mark(let scalar): grid.combine(scalar)
            case .command(let body): setTitle(body)
            case .sequence(let control):
                if let boundary = meet(control) { return boundary }
            }
        }
    }

    /// Colours and character sets are done at once; before and behind anything else the screen may be looked at.
    private func meet(_ control: ControlSequence) -> Boundary? {
        if control.isPlain(UInt8(ascii: "m"))
            || !control.isCSI && (0x28...0x2f).contains(control.intermediate)
        {
            perform(control)
            return nil
        }
        filter.run = 0
        if Boundary.endsFrame(control) {
            perform(control)
            return .after(control)
        }
        due = control
        return .before(control)
    }

    /// The body of an operating system command: 0 and 2 set the title.
    private func setTitle(_ body: [UInt8]) {
        guard body.count >= 2, body[0] == UInt8(ascii: "0") || body[0] == UInt8(ascii: "2"),
            body[1] == UInt8(ascii: ";"),
            let title = String(validating: body.dropFirst(2), as: UTF8.self)
        else { return }
        grid.title = title
    }

    /// libvterm chooses the character set of a whole run by its first byte.
    private func writeText(_ text: [UInt8]) {
        guard modes.drawsLines.contains(true) else { return write(text) }
        var rest = text[...]
        while let first = rest.first {
            let run = rest.prefix { $0 & 0x80 == first & 0x80 }
            write(Array(run))
            rest = rest.dropFirst(run.count)
        }
    }

    func write(_ control: ControlSequence) {
        rendered.removeAll(keepingCapacity: true)
        control.append(to: &rendered)
        write(rendered)
    }

    func write(_ text: String) { write(Array(text.utf8)) }

    func write(_ bytes: [UInt8]) {
        guard !bytes.isEmpty else { return }
        unsafe bytes.withUnsafeBufferPointer { buffer in unsafe writeRaw(buffer) }
    }

    /// Hands bytes that end with a whole character to libvterm.
    func writeRaw(_ bytes: UnsafeBufferPointer<UInt8>) {
        unsafe bytes.withMemoryRebound(to: CChar.self) { characters in
            _ = unsafe vterm_input_write(vterm, characters.baseAddress, characters.count)
        }
    }

    /// Changes the size as tmux does: the primary screen is wrapped anew, the alternate one is cut or padded.
    public func resize(_ size: TerminalSize) {
        guard size != grid.size else { return }
        let columns = grid.size.columns
        let place = grid.resize(to: size)
        let hasOtherColumns = size.columns != columns
        unsafe vterm_set_size(vterm, Int32(size.rows), Int32(size.columns))
        modes.resetMargins()
        if hasOtherColumns {
            modes.tabStops = nil
            writeTabStops()
        }
        self.place(row: place.row, column: place.column)
        grid.cursor = place
    }

    /// Puts libvterm's tab stops where they are to be; the cursor goes somewhere.
    func writeTabStops() {
        let stops = modes.stops(columns: size.columns).map { "\u{1b}[\($0 + 1)G\u{1b}H" }
        write("\u{1b}[3g\(stops.joined())")
    }
}
