internal import CVTerm
public import Core

/// What a terminal of a size shows after the bytes it was fed, by libvterm.
///
/// Owned by one task at a time. Nothing in it reads a clock, so the same bytes always give the same screen.
@safe public final class TerminalScreen {
    let grid: Grid
    var filter = StreamFilter()
    var modes = ModeTracker()
    // SAFETY: made in init, freed in deinit, never handed out. `grid` outlives it, because libvterm holds an
    // unretained reference to it as callback data.
    private let vterm: OpaquePointer
    private let state: OpaquePointer
    private var pending: [UInt8] = []
    /// The beginning of a character whose other bytes have not come.
    private var cutCharacter: [UInt8] = []
    /// Plain lines are written into the grid without libvterm.
    var usesFastRoad = true

    public init(size: TerminalSize) {
        grid = Grid(size: size)
        guard let vterm = unsafe vterm_new(Int32(size.rows), Int32(size.columns)),
            let state = unsafe vterm_obtain_state(vterm)
        else { preconditionFailure("libvterm has no memory for a screen of \(size)") }
        unsafe self.vterm = vterm
        unsafe self.state = state
        unsafe vterm_set_utf8(vterm, 1)
        // Answers to queries are tmux's to give; without a callback libvterm would keep them.
        unsafe vterm_output_set_callback(vterm, { _, _, _ in }, nil)
        unsafe vterm_state_set_callbacks(
            state, GridCallbacks.table, Unmanaged.passUnretained(grid).toOpaque())
        unsafe vterm_state_reset(state, 1)
        grid.dirty = nil
    }

    deinit { unsafe vterm_free(vterm) }

    public var size: TerminalSize { grid.size }
    /// Empty until the program sets one.
    public var title: String { grid.title }
    public var isAlternate: Bool { grid.isAlternate }
    public var isCursorVisible: Bool { grid.isCursorVisible }
    /// Zero-based; the column stays on the last one while a wrap is pending.
    public var cursor: (row: Int, column: Int) { grid.cursor }
    /// True between characters and sequences; only here a snapshot can be taken.
    public var isAtGround: Bool { filter.isAtGround }

    /// The rows of the active screen, right-trimmed.
    public var rows: [String] {
        grid.rows.indices.map { index in
            let row = grid.screenRow(at: index)
            return row.isWrapped ? grid.text(grid.rows[index]) : row.text
        }
    }
    /// The rows of the active screen as the scanner reads them.
    public var screenRows: [ScreenRow] { grid.rows.indices.map { grid.screenRow(at: $0) } }

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
        pending.removeAll(keepingCapacity: true)
        let boundary = unsafe filter.next(bytes, &index, into: &pending)
        write(pending)
        for (first, second) in filter.shifts {
            if second == 0 { modes.isShiftedOut = first == 0x0e } else { modes.designate(first, second) }
        }
        filter.shifts.removeAll(keepingCapacity: true)
        if case .before(let control) = boundary { modes.note(control, grid: grid) }
        if case .after(let control) = boundary { modes.note(control, grid: grid) }
        return boundary
    }

    /// Hands bytes to libvterm in whole characters: version 0.1.4 damages one that is cut between two writes.
    func write(_ bytes: [UInt8]) {
        guard !bytes.isEmpty else { return }
        let whole = cutCharacter.isEmpty ? bytes : cutCharacter + bytes
        let cut = Self.unfinished(whole)
        cutCharacter = cut == 0 ? [] : Array(whole.suffix(cut))
        unsafe whole.withUnsafeBufferPointer { buffer in
            unsafe writeRaw(UnsafeBufferPointer(rebasing: buffer.dropLast(cut)))
        }
    }

    /// Hands bytes that end with a whole character to libvterm.
    func writeRaw(_ bytes: UnsafeBufferPointer<UInt8>) {
        unsafe bytes.withMemoryRebound(to: CChar.self) { characters in
            _ = unsafe vterm_input_write(vterm, characters.baseAddress, characters.count)
        }
    }

    /// How many bytes at the end are the beginning of a character of UTF-8 that goes on.
    private static func unfinished(_ bytes: [UInt8]) -> Int {
        for (count, byte) in zip(1...3, bytes.reversed()) where byte & 0xc0 != 0x80 {
            let length = byte >= 0xf0 ? 4 : byte >= 0xe0 ? 3 : byte >= 0xc0 ? 2 : 1
            return count < length ? count : 0
        }
        return 0
    }

    /// Changes the size as tmux does: the primary screen is wrapped anew, the alternate one is cut or padded.
    public func resize(_ size: TerminalSize) {
        guard size != grid.size else { return }
        let place = grid.resize(to: size)
        unsafe vterm_set_size(vterm, Int32(size.rows), Int32(size.columns))
        modes.resetMargins()
        write(Array("\u{1b}[\(place.row + 1);\(place.column + 1)H".utf8))
        grid.cursor = place
        grid.lastGlyph = nil
    }
}
