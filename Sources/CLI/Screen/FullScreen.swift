internal import Core
// SAFETY: Dispatch sources are thread-safe objects of libdispatch that were never marked Sendable on Linux.
@unsafe @preconcurrency internal import Dispatch
internal import Glibc
internal import Synchronization

/// The terminal while it is ours: the alternate screen, keys one by one, nothing echoed.
///
/// It is given back by `close`, and while another program has it.
final class FullScreen: Sendable {
    enum Event: Equatable, Sendable {
        case key(TerminalKey)
        /// Somebody else has news; sent by `ring`.
        case changed
        case resized
        /// The terminal is gone, or somebody asked the program to end.
        case ended
    }

    struct Frame: Sendable {
        var lines: [StyledLine]
        /// Where the cursor stands, from 0; nil hides it.
        var cursor: (row: Int, column: Int)?
    }

    private struct State {
        var decoder = KeyDecoder()
        var shown: [String] = []
        var isOurs = false
        // Only what `tcgetattr` gave is ever set again.
        var before = termios()
    }

    let events: AsyncStream<Event>
    private let continuation: AsyncStream<Event>.Continuation
    private let state = Mutex(State())
    private let input: any DispatchSourceRead
    /// Where it is drawn.
    private let output: Int32
    private let signals: [any DispatchSourceSignal]

    /// Nil when standard input is no terminal, or standard output is none.
    ///
    /// With `leavingOutput` standard output may be anything: it is left to the result.
    init?(leavingOutput: Bool = false) {
        guard isatty(0) == 1 else { return nil }
        if isatty(1) == 1 {
            output = 1
        } else {
            let terminal = leavingOutput ? unsafe open("/dev/tty", O_WRONLY | O_CLOEXEC) : -1
            guard terminal >= 0 else { return nil }
            output = terminal
        }
        (events, continuation) = AsyncStream.makeStream()
        let queue = DispatchQueue(label: "tmux-agent.terminal")
        input = DispatchSource.makeReadSource(fileDescriptor: 0, queue: queue)
        // The pager or tmux that runs in between gets it, not we.
        signal(SIGINT, SIG_IGN)
        signals = [SIGWINCH, SIGTERM, SIGHUP].map { number in
            if number != SIGWINCH { signal(number, SIG_IGN) }
            return DispatchSource.makeSignalSource(signal: number, queue: queue)
        }
        for (source, event) in zip(signals, [Event.resized, .ended, .ended]) {
            source.setEventHandler { [continuation] in _ = continuation.yield(event) }
            source.activate()
        }
        input.setEventHandler { [weak self] in self?.read() }
        input.activate()
        take()
    }

    /// Columns and rows; 80 by 24 when the terminal does not say.
    var size: (columns: Int, rows: Int) {
        var size = winsize()
        guard unsafe ioctl(output, UInt(TIOCGWINSZ), &size) == 0, size.ws_col > 0, size.ws_row > 0 else {
            return (80, 24)
        }
        return (Int(size.ws_col), Int(size.ws_row))
    }

    /// Sends `Event.changed`.
    func ring() { continuation.yield(.changed) }

    /// Shows a frame; only lines that differ from the last one are written.
    func show(_ frame: Frame) {
        let (columns, rows) = size
        var lines = frame.lines.prefix(rows).map { $0.text(columns: columns) }
        lines += Array(repeating: "", count: rows - lines.count)
        let text = state.withLock { state -> String in
            guard state.isOurs else { return "" }
            var text = "\u{1b}[?25l"
            for (row, line) in lines.enumerated() where row >= state.shown.count || state.shown[row] != line {
                text += "\u{1b}[\(row + 1);1H\u{1b}[0m\(line)\u{1b}[0m\u{1b}[K"
            }
            state.shown = lines
            if let cursor = frame.cursor {
                text += "\u{1b}[\(cursor.row + 1);\(min(cursor.column, columns - 1) + 1)H\u{1b}[?25h"
            }
            return text
        }
        Console.writeAll(output, text)
    }

    /// Gives the terminal to another program until `body` returns.
    func lend<Output>(to body: () throws -> Output) rethrows -> Output {
        giveBack()
        input.suspend()
        defer {
            input.resume()
            take()
            continuation.yield(.resized)
        }
        return try body()
    }

    /// Stops this program as Ctrl-Z does, until the shell lets it go on.
    func stop() {
        lend { _ = raise(SIGSTOP) }
    }

    func close() {
        giveBack()
        input.cancel()
        for source in signals { source.cancel() }
        continuation.finish()
    }

    /// The next frame is written whole.
    func forgetShown() { state.withLock { $0.shown = [] } }

    private func take() {
        state.withLock { state in
            guard !state.isOurs else { return }
            unsafe tcgetattr(0, &state.before)
            var raw = state.before
            unsafe cfmakeraw(&raw)
            unsafe tcsetattr(0, TCSADRAIN, &raw)
            (state.isOurs, state.shown) = (true, [])
        }
        Console.writeAll(output, "\u{1b}[?1049h\u{1b}[2J\u{1b}[?25l\u{1b}[?2004h")
    }

    private func giveBack() {
        let wasOurs = state.withLock { state -> Bool in
            guard state.isOurs else { return false }
            state.isOurs = false
            return true
        }
        guard wasOurs else { return }
        Console.writeAll(output, "\u{1b}[?2004l\u{1b}[0m\u{1b}[?25h\u{1b}[?1049l")
        state.withLock { state in _ = unsafe tcsetattr(0, TCSADRAIN, &state.before) }
    }

    private func read() {
        var buffer = [UInt8](repeating: 0, count: 4096)
        let count = unsafe Glibc.read(0, &buffer, buffer.count)
        if count < 0, errno == EINTR || errno == EAGAIN { return }
        guard count > 0 else {
            input.cancel()
            return _ = continuation.yield(.ended)
        }
        for key in state.withLock({ $0.decoder.keys(buffer[..<count]) }) { continuation.yield(.key(key)) }
    }
}
