/// Finds markers and logical lines on a screen that flows: a program prints row after row, and rows leave at the top.
///
/// A row keeps its serial number for life, so a row that is written again with the same marker gives nothing new. A
/// program that erases part of what it printed and prints it again (a live region) moves markers to other rows; while
/// it hides the cursor it is painting, and a second row with a marker that was already given waits until it is done.
struct FlowScanner: Codable, Equatable, Sendable {
    struct Given: Codable, Equatable, Sendable {
        var serial: UInt64
        var hash: UInt64
    }

    /// Rows that have left but may belong to something unfinished, or say in which block the next row stands.
    private(set) var left: [ScreenRow] = []
    private(set) var given: [Given] = []
    private var waiting: [Waiting] = []
    private var warned: [UInt64] = []
    /// A marker begins in this row and is not complete.
    private var open: UInt64?
    /// Rows up to this one have been given as lines.
    var lineMark: UInt64 = 0
    /// The beginning of a line that is longer than the screen.
    var unfinished = ""

    struct Waiting: Codable, Equatable, Sendable {
        var serial: UInt64
        var hash: UInt64
        var marker: Marker
    }

    struct Moment {
        var columns: Int
        var acceptsBare: Bool
        /// Typed text at a prompt reaches to the next blank row, as in aider.
        var promptBlocks: Bool
        var isPainting: Bool
        var isSettled: Bool
        var cursorRow: Int
        /// Rows that changed since the last look.
        var dirty: Range<Int>
    }

    /// Stands for a row that was erased and will be painted again.
    static let erased: UInt64 = 0

    /// Rows that are kept after they left, when nothing is open.
    private static let context = 48

    var isIdle: Bool { open == nil && waiting.isEmpty }

    /// The screen was cleared as a whole: what comes is new, unless it is a redraw after a resize.
    mutating func cleared(isRedraw: Bool) {
        open = nil
        waiting = []
        if isRedraw {
            for index in given.indices { given[index].serial = Self.erased }
        } else {
            given = []
        }
        left = []
    }

    /// Takes rows that scrolled off; they are final.
    mutating func leave(
        _ rows: [ScreenRow], screen: () -> [ScreenRow], _ moment: Moment, _ echoes: EchoFilter
    ) -> TranscriptScanner.Result {
        guard !rows.isEmpty else { return .init() }
        let first = left.count
        left += rows
        var result = TranscriptScanner.Result()
        search(left, first..<left.count, moment, echoes, &result, isFinal: true)
        guard !waiting.isEmpty else {
            forget()
            return result
        }
        let serials = Set(rows.map(\.serial))
        if waiting.contains(where: { serials.contains($0.serial) }) {
            let all = left + screen()
            for late in waiting where serials.contains(late.serial) {
                if let index = lost(late.hash, all) {
                    given[index].serial = late.serial
                } else if repeats(late, all, moment) {
                    given.append(Given(serial: late.serial, hash: late.hash))
                } else {
                    result.markers.append(late.marker)
                    given.append(Given(serial: late.serial, hash: late.hash))
                }
            }
        }
        waiting.removeAll { serials.contains($0.serial) }
        forget()
        return result
    }

    /// Looks at the screen at a moment when a row is complete.
    mutating func look(_ screen: [ScreenRow], _ moment: Moment, _ echoes: EchoFilter)
        -> TranscriptScanner.Result
    {
        var result = TranscriptScanner.Result()
        let all = left + screen
        let changed = moment.dirty.clamped(to: 0..<screen.count)
        var first = left.count + changed.lowerBound
        if let open, let index = all.lastIndex(where: { $0.serial == open }) { first = min(first, index) }
        search(all, first..<left.count + max(changed.upperBound, changed.lowerBound), moment, echoes, &result)
        if !moment.isPainting { settleWaiting(all, moment, &result) }
        return result
    }

    private mutating func search(
        _ all: [ScreenRow], _ range: Range<Int>, _ moment: Moment, _ echoes: EchoFilter,
        _ result: inout TranscriptScanner.Result, isFinal: Bool = false
    ) {
        let reader = MarkerReader(columns: moment.columns, acceptsBare: moment.acceptsBare)
        let cursor = isFinal ? all.count : left.count + moment.cursorRow
        let end = isFinal ? all.count : max(cursor + 1, range.upperBound)
        for index in range where all[index].traits.contains(.mentionsMarker) {
            let row = all[index]
            if index > 0, all[index - 1].isWrapped { continue }
            if isEcho(all, index, moment, echoes) { continue }
            switch reader.read(all[..<min(end, all.count)], at: index) {
            case .none: if open == row.serial { open = nil }
            case .incomplete: open = row.serial
            case .broken:
                // A repair may need rows that are not there yet.
                if cursor <= index, !isFinal, !moment.isSettled {
                    open = row.serial
                    continue
                }
                if open == row.serial { open = nil }
                if !warned.contains(row.serial) {
                    warned.append(row.serial)
                    result.broken += 1
                }
            case .found(let marker, let last):
                if marker.repaired, cursor <= last, !isFinal, !moment.isSettled {
                    open = row.serial
                    continue
                }
                if open == row.serial { open = nil }
                take(marker, row.serial, all, moment, &result)
            }
        }
    }

    private mutating func take(
        _ marker: Marker, _ serial: UInt64, _ all: [ScreenRow], _ moment: Moment,
        _ result: inout TranscriptScanner.Result
    ) {
        let hash = marker.fingerprint
        if let index = given.lastIndex(where: { $0.serial == serial }) {
            if given[index].hash == hash { return }
            given.remove(at: index)
        }
        if moment.isPainting, given.contains(where: { $0.hash == hash }) {
            if !waiting.contains(where: { $0.serial == serial && $0.hash == hash }) {
                waiting.append(Waiting(serial: serial, hash: hash, marker: marker))
            }
            return
        }
        if let index = lost(hash, all) {
            given[index].serial = serial
            return
        }
        given.append(Given(serial: serial, hash: hash))
        result.markers.append(marker)
    }

    /// The program has painted: rows that still show a marker again do so on purpose.
    private mutating func settleWaiting(
        _ all: [ScreenRow], _ moment: Moment, _ result: inout TranscriptScanner.Result
    ) {
        let late = waiting
        waiting = []
        let reader = MarkerReader(columns: moment.columns, acceptsBare: moment.acceptsBare)
        for one in late {
            guard let index = all.lastIndex(where: { $0.serial == one.serial }),
                case .found(let marker, _) = reader.read(all[...], at: index), marker.fingerprint == one.hash
            else { continue }
            if repeats(one, all, moment) {
                given.append(Given(serial: one.serial, hash: one.hash))
                continue
            }
            take(marker, one.serial, all, moment, &result)
        }
    }

    private mutating func forget() {
        if let open, let index = left.lastIndex(where: { $0.serial == open }) {
            // A marker cannot be longer than its limit: what is older does not complete any more.
            var bytes = 0
            for row in left[index...] { bytes += row.text.utf8.count + 1 }
            if bytes <= MarkerReader.longestPayload + 4096, left.count - index < 8192 {
                left.removeFirst(max(0, index - Self.context))
                return
            }
            self.open = nil
        }
        if left.count > 2 * Self.context { left.removeFirst(left.count - Self.context) }
        if given.count > 600 { given.removeFirst(given.count - 400) }
        if warned.count > 600 { warned.removeFirst(warned.count - 400) }
    }
}
