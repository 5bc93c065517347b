internal import Core
internal import Glibc
internal import Synchronization

/// The two output streams of a command: results go to `out`, everything else to `err`.
final class Console: Sendable {
    enum ColorMode: String, CaseIterable, Sendable { case auto, always, never }

    let isOutTerminal: Bool
    let isErrTerminal: Bool
    let isInTerminal: Bool
    let out: Style
    let err: Style
    let isQuiet: Bool
    private let write: @Sendable (_ descriptor: Int32, _ text: String) -> Void

    init(
        environment: [String: String], color: ColorMode = .auto, isQuiet: Bool = false,
        isTerminal: (Int32) -> Bool = { isatty($0) == 1 },
        write: @escaping @Sendable (Int32, String) -> Void = Console.writeAll
    ) {
        isInTerminal = isTerminal(0)
        isOutTerminal = isTerminal(1)
        isErrTerminal = isTerminal(2)
        func style(_ terminal: Bool) -> Style {
            let plain =
                !(environment["NO_COLOR"] ?? "").isEmpty || environment["TERM"] == "dumb"
                || environment["TERM"] == nil
            return Style(isOn: color == .always || (color == .auto && terminal && !plain))
        }
        out = style(isOutTerminal)
        err = style(isErrTerminal)
        self.isQuiet = isQuiet
        self.write = write
    }

    /// The result itself: a line on standard output.
    func result(_ text: String) { write(1, text + "\n") }

    /// Bytes of the result without a newline of ours.
    func raw(_ text: String) { write(1, text) }

    /// Progress and closing sentences, on standard error; silent with `--quiet`.
    func note(_ text: String) {
        if !isQuiet { write(2, text.visible(keepingNewlines: true) + "\n") }
    }

    func warning(_ text: String) {
        write(2, "\(err.warning("Warning:")) \(text.visible(keepingNewlines: true))\n")
    }

    func hint(_ text: String) {
        if !isQuiet { write(2, "\(err.dim("Hint:")) \(text.visible(keepingNewlines: true))\n") }
    }

    /// Writes all bytes; when the reader of the result went away there is nothing left to do, and the program ends.
    static func writeAll(_ descriptor: Int32, _ text: String) {
        writeAll(descriptor, bytes: Array(text.utf8))
    }

    static func writeAll(_ descriptor: Int32, bytes all: [UInt8]) {
        var bytes = all[...]
        while !bytes.isEmpty {
            let written = unsafe bytes.withUnsafeBytes {
                unsafe Glibc.write(descriptor, $0.baseAddress, $0.count)
            }
            if written < 0 {
                if errno == EINTR { continue }
                if errno == EPIPE, descriptor == 1 { exit(ExitStatus.done.rawValue) }
                return
            }
            bytes = bytes.dropFirst(written)
        }
    }

    /// Asks a yes/no question on the terminal; only for callers that saw `isInTerminal`.
    func confirm(_ question: String) -> Bool {
        write(2, "\(question) [y/N] ")
        return ["y", "yes"].contains(readLine()?.lowercased() ?? "")
    }
}

/// Named styles; plain text when colour is off.
struct Style: Sendable {
    let isOn: Bool

    private func wrap(_ code: String, _ text: String) -> String {
        isOn ? "\u{1b}[\(code)m\(text)\u{1b}[0m" : text
    }

    func error(_ text: String) -> String { wrap("1;31", text) }
    func warning(_ text: String) -> String { wrap("1;33", text) }
    func success(_ text: String) -> String { wrap("32", text) }
    func waiting(_ text: String) -> String { wrap("1;35", text) }
    func working(_ text: String) -> String { wrap("36", text) }
    func agentName(_ text: String) -> String { wrap("1", text) }
    func dim(_ text: String) -> String { wrap("2", text) }
    func heading(_ text: String) -> String { wrap("1", text) }
}
