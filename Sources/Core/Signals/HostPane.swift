/// A tmux pane of a host's server, in one life of that server: after a restart of tmux `%3` is another pane.
public struct HostPane: Hashable, Sendable, Codable, CustomStringConvertible {
    /// As `hosts.yaml` names it.
    public var host: String
    public var pane: PaneID
    public var serverPID: Int32
    /// `#{start_time}`: seconds since 1970.
    public var serverStart: Int64

    public init(host: String, pane: PaneID, serverPID: Int32, serverStart: Int64) {
        self.host = host
        self.pane = pane
        self.serverPID = serverPID
        self.serverStart = serverStart
    }

    public init(host: String, pane: PaneID, server: TmuxServerID) {
        self.init(host: host, pane: pane, serverPID: server.pid, serverStart: server.startTime)
    }

    /// `<host>:<pane>@<server's pid>.<its start>`; a host's name may hold any of these characters.
    public var description: String { "\(host):\(life)" }

    /// The part behind the host: unique on its machine for good.
    public var life: String { "\(pane)@\(serverPID).\(serverStart)" }

    /// Nil when the text is not such a `description`.
    public init?(_ text: String) {
        guard let cut = text.lastIndex(of: ":"), cut > text.startIndex else { return nil }
        let life = text[text.index(after: cut)...].split(separator: "@", omittingEmptySubsequences: false)
        guard life.count == 2, let pane = PaneID(String(life[0])) else { return nil }
        let server = life[1].split(separator: ".", omittingEmptySubsequences: false)
        guard server.count == 2, let pid = Int32(server[0]), let start = Int64(server[1]) else { return nil }
        self.init(host: String(text[..<cut]), pane: pane, serverPID: pid, serverStart: start)
    }

    public func isOn(_ server: TmuxServerID) -> Bool {
        server.pid == serverPID && server.startTime == serverStart
    }
}
