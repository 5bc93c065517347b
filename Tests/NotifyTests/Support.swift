import Config
import Core
import Notify
import ProcessKit
import Store
import SystemPackage
import TestSupport
import TmuxKit

let noon = Timestamp(milliseconds: 1_767_268_800_500)
func later(_ seconds: Int64) -> Timestamp { noon.advanced(by: .seconds(seconds)) }

/// Ids that count up, and no chance.
func counting() -> IDMaker { IDMaker { 1 << 62 } }

let secret = Array("0123456789abcdef0123456789abcdef".utf8)

/// One channel, made as the daemon makes it.
func channel(
    _ name: String, _ variables: [String: String], in folder: FilePath, tmux: Tmux? = nil
) throws -> (any Channel)? {
    try channels([name], variables, in: folder, tmux: tmux).channels[name]
}

func channels(
    _ names: [String], _ variables: [String: String], in folder: FilePath, tmux: Tmux? = nil
) throws -> ChannelSet {
    let environment = try NotifyEnvironment(
        variables.merging(["PATH": "/usr/local/bin:/usr/bin:/bin"]) { first, _ in first }, file: nil,
        places: Places(userHome: folder))
    return try ChannelSet(
        named: names,
        .init(
            environment: environment, secret: { secret }, home: folder.appending(".tmux_agent"),
            bus: folder.appending("bus"), tmux: tmux))
}

func message(
    _ title: String = "Ready", _ body: String = "two\nlines", severity: Notice.Severity = .warning,
    kind: NoticeKind = .message
) -> OutgoingNotice {
    OutgoingNotice(
        id: "run/stage/1/notify/0", title: title, body: body, severity: severity, kind: kind, at: noon,
        source: "shop", branch: "feature/a")
}

/// A question with links, as it goes out.
func question() -> OutgoingNotice {
    var notice = message("Approval needed", "Ship it?", kind: .approval)
    notice.id = "ap-1/asked"
    notice.approval = ApprovalID("ap-1")
    notice.links = .init(approve: "https://fleet/a/tok/approve", reject: "https://fleet/a/tok/reject")
    notice.hints = ["tmux-agent approve ap-1"]
    return notice
}

extension LoopbackServer.Answer {
    static func json(_ text: String, status: Int = 200) -> Self {
        .respond(status: status, headers: ["Content-Type": "application/json"], body: Array(text.utf8))
    }
}

/// The whole request as this program must send it, headers in their order.
func request(
    _ line: String, port: UInt16, headers: [String] = [], body: String? = nil
) -> String {
    var lines = ["\(line) HTTP/1.1", "Host: 127.0.0.1:\(port)", "User-Agent: tmux-agent", "Accept: */*"]
    lines += headers
    if let body { lines.append("Content-Length: \(body.utf8.count)") }
    return lines.joined(separator: "\r\n") + "\r\n\r\n" + (body ?? "")
}

extension LoopbackServer {
    var texts: [String] { received.map { String(decoding: $0.bytes, as: UTF8.self) } }
}
