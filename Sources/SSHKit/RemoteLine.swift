internal import ProcessKit
internal import SystemPackage

/// Command lines for the login shell of another machine, whatever shell that is.
///
/// `sshd` hands one text to that shell. A POSIX shell, csh and fish agree on little more than letters in single quotes, so
/// the text is written with everything else as octal numbers and read by `sh`.
enum RemoteLine {
    /// Runs a command there; `recordedIn` is the courier's folder, for a client that it ends when the connection is lost.
    static func running(_ command: Command, recordedIn folder: String?) -> String {
        var script = "unset TMUX TMUX_PANE; "
        if let folder {
            script += "(umask 077; read -r line </proc/$$/stat && "
            script += "printf '%s\\n' \"$line\" >\(Command.quoted(folder))/clients/$$); "
        }
        if let directory = command.workingDirectory {
            script += "cd \(Command.quoted(directory.string)) && "
        }
        return encoded(script + "exec " + command.description)
    }

    /// Runs a program for `sh` with arguments.
    static func running(_ program: String, _ arguments: [String]) -> String {
        let words = ["sh", "-c", program, "tmux-agent"] + arguments
        return encoded("exec " + words.map(Command.quoted).joined(separator: " "))
    }

    static func encoded(_ script: String) -> String {
        var text = ""
        for byte in script.utf8 {
            if isPlain(byte) {
                text.unicodeScalars.append(Unicode.Scalar(byte))
            } else {
                let digits = String(byte, radix: 8)
                text += "\\0" + String(repeating: "0", count: 3 - digits.count) + digits
            }
        }
        return "exec sh -c 'eval \"$(printf %b \"$1\")\"' sh '\(text)'"
    }

    private static func isPlain(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"):
            true
        default: " -_./:,@+=".utf8.contains(byte)
        }
    }
}

/// Names of files that the courier keeps: letters, digits, `-`, `.` and `@` stay, every other byte becomes `_` and two
/// hexadecimal digits.
enum RemoteName {
    static func make(_ text: String) -> String {
        var name = ""
        for byte in text.utf8 {
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "@"):
                name.unicodeScalars.append(Unicode.Scalar(byte))
            case UInt8(ascii: "-"), UInt8(ascii: "."):
                guard !name.isEmpty else { fallthrough }
                name.unicodeScalars.append(Unicode.Scalar(byte))
            default: name += "_" + (byte < 16 ? "0" : "") + String(byte, radix: 16)
            }
        }
        return name
    }
}
