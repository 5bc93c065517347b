public import Core
internal import Glibc

/// Whether an order was carried out now or earlier.
public enum TypingOutcome: Sendable, Equatable {
    case typed
    /// tmux remembers that the order with this id was carried out.
    case alreadyTyped
}

/// How text reaches a program.
public enum TypingStyle: Sendable, Equatable {
    /// As one paste, in brackets if the program asked for them: several lines stay one text.
    case pasted
    /// As if typed: for slash commands and plain lines of a shell. Each newline is Enter.
    case typed
}

extension TmuxServer {
    /// The bytes of a line that a program which reads its terminal line by line gets whole.
    public static let cookedLineLimit = 4_000

    /// Puts text into a pane exactly once per `id`, however often it is asked for and whoever dies meanwhile.
    ///
    /// tmux itself tests and sets the id on the pane and puts the text in, with nothing in between. Control
    /// characters other than tab and newline are left out: an escape sequence in the text could end the paste
    /// and type the rest. Copy mode does not swallow it. Does not press Enter; `enter` is an order of its
    /// own.
    public func paste(_ text: String, id: OutboxID, into address: PaneAddress, style: TypingStyle = .pasted)
        async throws(TmuxError) -> TypingOutcome
    {
        let clean = Self.typable(text)
        try await refuseLongLines(of: clean, in: address)
        guard !clean.isEmpty else {
            // tmux has no empty buffers: only the id is set.
            return try await carryOut(Self.orderList(id, at: address, buffer: nil, []), at: address)
        }
        return try await carryOut(Self.pasteList(clean, id: id, into: address, style: style), at: address)
    }

    /// Presses Enter in a pane exactly once per `id`, also while the pane is in copy mode.
    public func enter(id: OutboxID, in address: PaneAddress) async throws(TmuxError) -> TypingOutcome {
        // Copy mode would swallow the key; a pasted newline reaches the program as the same byte.
        return try await carryOut(
            Self.pasteList("\n", id: id, into: address, style: .typed), at: address)
    }

    /// Presses keys by their tmux names (`C-c`, `Up`, `y`) exactly once per `id`.
    ///
    /// Copy mode is left first, because it would take the keys for itself.
    public func keys(_ keys: [String], id: OutboxID, in address: PaneAddress) async throws(TmuxError)
        -> TypingOutcome
    {
        for key in keys where !KeyName.isValid(key) { throw .unknownKey(key) }
        let target = address.pane.description
        let press = TmuxCommand(["send-keys", "-t", target, "--"] + keys)
        return try await carryOut(
            Self.orderList(id, at: address, buffer: nil, [["copy-mode", "-q", "-t", target], press]),
            at: address)
    }

    /// Whether tmux remembers an order: false also when the pane or its server is gone, and its memory with
    /// it.
    public func remembers(_ id: OutboxID, in address: PaneAddress) async throws(TmuxError) -> Bool {
        let ask = TmuxCommand.when(
            "#{\(PaneOption.typed(id))}", in: address.pane.description, then: [.say("ta-yes")],
            otherwise: [.say("ta-no")])
        do {
            return try await runGuarded([Self.guarded(address, living: false, [ask])], at: address)
                == "ta-yes"
        } catch .noServer {
            return false
        } catch .noPane {
            return false
        } catch .otherServer {
            return false
        }
    }

    /// Lets tmux forget orders that are recorded as done; nothing happens when the pane is gone.
    public func forget(_ ids: [OutboxID], in address: PaneAddress) async throws(TmuxError) {
        guard !ids.isEmpty else { return }
        let target = address.pane.description
        let unset = ids.map { TmuxCommand(["set-option", "-p", "-u", "-t", target, PaneOption.typed($0)]) }
        do {
            _ = try await runGuarded([Self.guarded(address, living: false, unset)], at: address)
        } catch .noServer {
        } catch .noPane {
        } catch .otherServer {
        }
    }

    private func carryOut(_ list: TmuxCommandList, at address: PaneAddress) async throws(TmuxError)
        -> TypingOutcome
    {
        switch try await runGuarded(list, at: address) {
        case "ta-typed": return .typed
        case "ta-already": return .alreadyTyped
        case let line: throw .unexpectedOutput(command: list.summary, line: line)
        }
    }

    /// Sets the id and runs `commands` in one list, unless the id is set.
    static func orderList(
        _ id: OutboxID, at address: PaneAddress, buffer: TmuxCommandList.Buffer?, _ commands: [TmuxCommand]
    ) -> TmuxCommandList {
        let target = address.pane.description
        let option = PaneOption.typed(id)
        let drop: [TmuxCommand] = buffer.map { [["delete-buffer", "-b", $0.name]] } ?? []
        let once = TmuxCommand.when(
            "#{\(option)}", in: target, then: drop + [.say("ta-already")],
            otherwise: [
                guardedDead(
                    target,
                    [["set-option", "-p", "-t", target, option, "1"]] + commands + [.say("ta-typed")],
                    cleanUp: drop)
            ])
        return TmuxCommandList(
            [guarded(address, living: false, [once], cleanUp: drop)], buffer: buffer)
    }

    /// The order that pastes `text`, which is typable and not empty.
    static func pasteList(_ text: String, id: OutboxID, into address: PaneAddress, style: TypingStyle)
        -> TmuxCommandList
    {
        let buffer = TmuxCommandList.Buffer(name: "ta_\(TmuxFormat.name(id.rawValue))", text: text)
        let flags = style == .pasted ? "-pd" : "-d"
        return orderList(
            id, at: address, buffer: buffer,
            [["paste-buffer", flags, "-b", buffer.name, "-t", address.pane.description]])
    }

    private func refuseLongLines(of text: String, in address: PaneAddress) async throws(TmuxError) {
        let longest = text.utf8.split(separator: UInt8(ascii: "\n")).map(\.count).max() ?? 0
        guard longest > Self.cookedLineLimit else { return }
        let ask: TmuxCommand = ["display-message", "-p", "-t", address.pane.description, "#{pane_tty}"]
        let terminal = try await runGuarded([Self.guarded(address, living: true, [ask])], at: address)
        guard try await readsByLine(terminal) else { return }
        throw .lineTooLong(pane: address.pane, bytes: longest)
    }

    private func readsByLine(_ terminal: String) async throws(TmuxError) -> Bool {
        if tmux.transport.isLocal { return Terminal.readsByLine(terminal) }
        let settings = try await tmux.runBeside("stty", ["-F", terminal, "-a"])
        return !settings.contains("-icanon")
    }

    /// `text` with line ends made `\n` and control characters left out.
    static func typable(_ text: String) -> String {
        var result = String.UnicodeScalarView()
        var afterReturn = false
        for scalar in text.unicodeScalars {
            let wasReturn = afterReturn
            afterReturn = scalar == "\r"
            switch scalar.value {
            case 0x0A where wasReturn: continue
            case 0x0D: result.append("\n")
            case 0x09, 0x0A: result.append(scalar)
            case 0..<0x20, 0x7F..<0xA0: continue
            default: result.append(scalar)
            }
        }
        return String(result)
    }
}

/// What the kernel says of a terminal device.
enum Terminal {
    /// True for a terminal in line mode, and for one that cannot be asked.
    static func readsByLine(_ device: String) -> Bool {
        let descriptor = unsafe open(device, O_RDONLY | O_NOCTTY | O_NONBLOCK | O_CLOEXEC)
        guard descriptor >= 0 else { return true }
        defer { close(descriptor) }
        var settings = termios()
        guard unsafe tcgetattr(descriptor, &settings) == 0 else { return true }
        return settings.c_lflag & tcflag_t(ICANON) != 0
    }
}

/// tmux's names of keys.
public enum KeyName {
    private static let named: Set<String> = [
        "Enter", "Escape", "Tab", "BTab", "Space", "BSpace", "Up", "Down", "Left", "Right", "Home", "End",
        "IC", "Insert", "DC", "Delete", "PageUp", "PgUp", "PPage", "PageDown", "PgDn", "NPage",
    ]

    /// tmux types the letters of a name that it does not know, so unknown ones are refused.
    public static func isValid(_ key: String) -> Bool {
        var rest = key[...]
        while rest.count > 2, ["C-", "M-", "S-"].contains(rest.prefix(2)) { rest = rest.dropFirst(2) }
        if rest.count == 1, let scalar = rest.unicodeScalars.first {
            return rest.unicodeScalars.count > 1 || (scalar.value > 0x20 && scalar.value != 0x7F)
        }
        if rest.first == "F", let number = Int(rest.dropFirst()) { return (1...12).contains(number) }
        return named.contains(String(rest))
    }
}
