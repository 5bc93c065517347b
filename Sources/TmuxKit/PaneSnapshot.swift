public import Core
public import ProcessKit
public import SystemPackage

/// How the program of a pane ended.
public enum PaneEnd: Sendable, Hashable {
    case exited(Int32)
    case signaled(Int32)
    /// tmux has not told, or not yet: it shows a pane dead a moment before it knows how its program ended.
    case unknown

    /// As a shell would say it: 128 + signal; nil when it is not known.
    public var exitStatus: Int32? {
        switch self {
        case .exited(let status): status
        case .signaled(let signal): 128 + signal
        case .unknown: nil
        }
    }
}

/// A tmux pane at one moment.
public struct PaneSnapshot: Sendable, Hashable, Identifiable {
    public var id: PaneID
    public var server: TmuxServerID
    public var session: SessionName
    /// The session's id on its server, such as `$1`.
    public var sessionID: String
    /// Empty where a list of all panes was asked for without names.
    public var windowName: String
    /// The pid of the program that tmux started in the pane.
    public var pid: Int32
    /// Nil while the program runs.
    public var end: PaneEnd?
    public var columns: Int
    public var rows: Int
    public var title: String
    /// The name of the program in the terminal's foreground; empty where `windowName` is.
    public var currentCommand: String
    public var isPiped: Bool
    public var isAlternate: Bool
    /// The agent that this pane was made for.
    public var agent: AgentID?
    /// The file that `startAgent` or `armTap` piped it to.
    public var tap: FilePath?

    public var isDead: Bool { end != nil }

    /// The pane's program with its start time; nil when it has ended or its number means another process by
    /// now.
    ///
    /// Read from the system at the time of the call.
    public func program() -> ProcessSnapshot? {
        guard !isDead, let process = ProcessTable.process(pid), process.parent == server.pid else {
            return nil
        }
        return process
    }

    /// The pane for commands that must not reach another server's pane of the same number.
    public var address: PaneAddress { PaneAddress(pane: id, server: server) }
}

/// A pane of one particular life of a server.
public struct PaneAddress: Sendable, Hashable {
    public var pane: PaneID
    public var server: TmuxServerID

    public init(pane: PaneID, server: TmuxServerID) {
        self.pane = pane
        self.server = server
    }
}

/// The names of the pane options in which tmux keeps what it must remember for us.
enum PaneOption {
    static let agent = "@tmux-agent-agent"
    static let tap = "@tmux-agent-tap"
    /// Since when and from where on a pipe brings a pane's bytes, and what the pane was then; see `LoanNote`.
    static let loan = "@tmux-agent-loan"
    static let loanPane = "@tmux-agent-loan-pane"
    static let loanPlace = "@tmux-agent-loan-place"
    /// Set when the typing with this id was done.
    static func typed(_ id: OutboxID) -> String { "@ta_\(TmuxFormat.name(id.rawValue))" }
}

/// The format in which panes are asked for, and its parser.
///
/// Fields end in a tab. tmux keeps control characters out of the names of sessions and out of titles, but not out of
/// the names of programs and windows: there it replaces tab, newline and the escape character. (Three replacements
/// cost the server more than ten plain fields, so only those two have them, and lists that need no names leave them
/// out: with 100 panes that is a third of what the list takes.)
enum PaneFormat {
    static let format = fields(windowName: free("window_name"), command: free("pane_current_command"))
        .joined(separator: "\t")
    static let withoutNames = unnamed.joined(separator: "\t")

    private static let unnamed = fields(windowName: "", command: "")

    private static func free(_ name: String) -> String { "#{s/~/~0/;s/\t/~1/;s/\n/~2/:\(name)}" }

    private static func fields(windowName: String, command: String) -> [String] {
        [
            "#{pane_id}", "#{pid}", "#{start_time}", "#{socket_path}", "#{session_name}", "#{session_id}",
            windowName, "#{pane_pid}", "#{pane_dead}", "#{pane_dead_status}", "#{pane_dead_signal}",
            "#{pane_width}", "#{pane_height}", "#{pane_title}", command, "#{pane_pipe}", "#{alternate_on}",
            "#{\(PaneOption.agent)}", "#{\(PaneOption.tap)}",
        ]
    }

    /// Nil when the line is not one that a format of this type makes.
    static func parse(_ line: String) -> PaneSnapshot? {
        let parts = line.utf8.split(separator: UInt8(ascii: "\t"), omittingEmptySubsequences: false)
            .map { String(decoding: $0, as: UTF8.self) }
        guard parts.count == unnamed.count, let id = PaneID(parts[0]), let serverPid = Int32(parts[1]),
            let startTime = Int64(parts[2]), let columns = Int(parts[11]), let rows = Int(parts[12])
        else { return nil }
        var end: PaneEnd?
        if parts[8] == "1" {
            end = Int32(parts[10]).map(PaneEnd.signaled) ?? Int32(parts[9]).map(PaneEnd.exited) ?? .unknown
        }
        func option(_ text: String) -> String? { text.isEmpty ? nil : TmuxFormat.text(ofName: text) }
        return PaneSnapshot(
            id: id, server: TmuxServerID(socket: parts[3], pid: serverPid, startTime: startTime),
            session: SessionName(parts[4]), sessionID: parts[5], windowName: plain(parts[6]),
            pid: Int32(parts[7]) ?? 0, end: end, columns: columns, rows: rows, title: parts[13],
            currentCommand: plain(parts[14]), isPiped: parts[15] == "1", isAlternate: parts[16] == "1",
            agent: option(parts[17]).map { AgentID($0) }, tap: option(parts[18]).map { FilePath($0) })
    }

    private static func plain(_ text: String) -> String {
        guard text.utf8.contains(UInt8(ascii: "~")) else { return text }
        var result: [UInt8] = []
        var escaped = false
        for byte in text.utf8 {
            if escaped {
                result.append(
                    byte == UInt8(ascii: "1") ? 9 : byte == UInt8(ascii: "2") ? 10 : UInt8(ascii: "~"))
                escaped = false
            } else if byte == UInt8(ascii: "~") {
                escaped = true
            } else {
                result.append(byte)
            }
        }
        return String(decoding: result, as: UTF8.self)
    }
}
