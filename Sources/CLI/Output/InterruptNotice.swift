internal import Core
internal import Glibc

/// One line that SIGINT, SIGTERM or SIGHUP writes to standard error before it ends this program.
enum InterruptNotice {
    /// What the handler writes.
    // SAFETY: only the task that runs the command sets it, a word that is written at once; the handler may take no lock, so
    // it reads without one, and no text is freed that it may be writing.
    nonisolated(unsafe) private static var text: UnsafeMutablePointer<CChar>?

    static func set(_ words: String, _ console: Console, json: Bool) {
        let object: JSONValue = ["error": ["code": "interrupted", "message": .string(words)]]
        // Behind the `^C` that a terminal shows.
        let line = json ? object.prettyPrinted() : (console.isErrTerminal ? "\n" : "") + words.visible
        let isFirst = unsafe text == nil
        unsafe text = unsafe strdup(line + "\n")
        guard isFirst else { return }
        for number in [SIGINT, SIGTERM, SIGHUP] {
            let former = signal(number) { number in
                if let text = unsafe InterruptNotice.text { _ = unsafe write(2, text, strlen(text)) }
                if number == SIGINT { _exit(ExitStatus.interrupted.rawValue) }
                signal(number, SIG_DFL)
                raise(number)
            }
            // As under nohup: what is ignored stays so.
            if unsafe unsafeBitCast(former, to: Int.self) == unsafeBitCast(SIG_IGN, to: Int.self) {
                signal(number, SIG_IGN)
            }
        }
    }

    /// From here on a signal ends the program without a word.
    static func clear() { unsafe text = nil }
}
