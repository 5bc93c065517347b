internal import Core
internal import ProcessKit

/// Shows notices on this machine's desktop by `notify-send`.
struct Desktop: Channel {
    let name = "desktop"
    /// With the variables by which the session is found.
    let environment: [String: String]

    static let program = "notify-send"
    /// One of these says where a desktop is.
    static let variables = ["DBUS_SESSION_BUS_ADDRESS", "WAYLAND_DISPLAY", "DISPLAY"]

    func send(_ notice: OutgoingNotice, at now: Timestamp) async -> DeliveryFailure? {
        let urgency =
            switch notice.severity {
            case .info: "low"
            case .warning: "normal"
            case .critical: "critical"
            }
        let command = Command(
            Self.program,
            [
                "--app-name=tmux-agent", "--urgency=\(urgency)", "--", notice.title.visible,
                Self.plain(notice.text.visible(keepingNewlines: true)),
            ], environment: environment, timeout: .seconds(10))
        do {
            let result = try await CommandRunner().run(command)
            guard !result.isSuccess else { return nil }
            let said = result.errorText.split(whereSeparator: \.isNewline).last.map { ": \($0.visible)" }
            return DeliveryFailure(
                "\(Self.program) exited with \(result.exitCode)\(said ?? "")", isChannelDown: true)
        } catch {
            return DeliveryFailure(error.message, isChannelDown: true)
        }
    }

    /// Desktops read markup in the body.
    private static func plain(_ text: String) -> String {
        text.replacing("&", with: "&amp;").replacing("<", with: "&lt;").replacing(">", with: "&gt;")
    }
}
