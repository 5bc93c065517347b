internal import Core
internal import Glibc

/// One line that SIGINT, SIGTERM or SIGHUP writes to standard error before it ends this program.
enum InterruptNotice {
    /// What the handler writes: it may not take locks or memory, so each text is kept until the program ends.
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
