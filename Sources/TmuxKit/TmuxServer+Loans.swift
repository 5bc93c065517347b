public import Core

/// What whoever pipes a pane writes down with it, for one who comes after a kill.
public struct LoanNote: Sendable, Hashable {
    public var since: Timestamp
    /// The length of the tap before the first piped byte.
    public var offset: Int64

    public init(since: Timestamp, offset: Int64) {
        self.since = since
        self.offset = offset
    }
}

/// What a pane showed right before the first byte that its pipe brought.
public struct KeptLoan: Sendable, Hashable {
    public var note: LoanNote
    public var history: PaneHistory
}

extension TmuxServer {
    private static func buffer(_ address: PaneAddress) -> String {
        "tmux-agent-loan-\(address.pane.description.dropFirst())"
    }

    /// Keeps what the pane shows now in the server itself: it lives as long as the pane, and is made in the same moment
    /// as the pipe.
    static func keepLoan(of address: PaneAddress, limit: Int, note: LoanNote) -> [TmuxCommand] {
        let target = address.pane.description
        func set(_ option: String, _ format: String) -> TmuxCommand {
            ["set-option", "-p", "-F", "-t", target, option, format]
        }
        return [
            ["capture-pane", "-b", buffer(address), "-t", target, "-S", "-\(limit)"],
            set(PaneOption.loanPane, PaneFormat.format), set(PaneOption.loanPlace, placeFormat),
            set(PaneOption.loan, "\(note.since.milliseconds) \(note.offset)"),
        ]
    }

    /// What is kept of a pane whose pipe was made and that nobody has settled; nil when there is nothing.
    public func keptLoan(of address: PaneAddress) async throws(TmuxError) -> KeptLoan? {
        let target = address.pane.description
        func say(_ option: String) -> TmuxCommand { ["display-message", "-p", "-t", target, "#{\(option)}"] }
        let ask = TmuxCommand.when(
            "#{\(PaneOption.loan)}", in: target,
            then: [say(PaneOption.loan), say(PaneOption.loanPane), say(PaneOption.loanPlace)],
            otherwise: [.say("ta-none")])
        let lines = try await run([Self.guarded(address, living: false, [ask])])
        guard let first = lines.first, first != "ta-none" else { return nil }
        let numbers = first.split(separator: " ").compactMap { Int64($0) }
        guard numbers.count == 2, lines.count == 3 else {
            if first == Refusal.otherServer.rawValue { throw .otherServer(socket: address.server.socket) }
            throw .unexpectedOutput(command: "display-message", line: first)
        }
        // A control client would be shown the buffer with its newlines written out, and a forked one shows it alone.
        let rows = try await tmux.run([["show-buffer", "-b", Self.buffer(address)]])
        return KeptLoan(
            note: LoanNote(since: Timestamp(milliseconds: numbers[0]), offset: numbers[1]),
            history: try Self.history(in: (lines[1...] + rows)[...], of: address).history)
    }

    /// What was kept of a pane is written down elsewhere.
    public func settleLoan(of address: PaneAddress) async throws(TmuxError) {
        let target = address.pane.description
        let unset = [PaneOption.loan, PaneOption.loanPane, PaneOption.loanPlace].map {
            TmuxCommand(["set-option", "-p", "-u", "-t", target, $0])
        }
        let forget = TmuxCommand.when(
            "#{\(PaneOption.loan)}", in: target,
            then: unset + [["delete-buffer", "-b", Self.buffer(address)]], otherwise: [])
        _ = try await runGuarded([Self.guarded(address, living: false, [forget])], at: address)
    }
}
