internal import Core
internal import TmuxKit

/// Shows notices in the status line of everybody who is attached to the fleet's tmux server.
struct StatusLine: Channel {
    let name = "tmux"
    let server: TmuxServer

    /// What fits a status line.
    private static let mostCharacters = 300

    func send(_ notice: OutgoingNotice, at now: Timestamp) async -> DeliveryFailure? {
        let words = [notice.title, notice.body].filter { !$0.isEmpty }.joined(separator: ": ")
        let line = words.split(whereSeparator: \.isNewline).joined(separator: " ").visible
        let text = TmuxFormat.escape(String(line.prefix(Self.mostCharacters)), expandsTime: true)
        do {
            let clients = try await server.run([
                ["list-clients", "-F", "#{client_control_mode} #{client_name}"]
            ])
            .filter { $0.hasPrefix("0 ") }.map { String($0.dropFirst(2)) }
            guard !clients.isEmpty else {
                return DeliveryFailure("nobody is attached to tmux", isChannelDown: true)
            }
            for client in clients {
                _ = try await server.run([["display-message", "-c", client, "--", text]])
            }
            return nil
        } catch {
            return DeliveryFailure(error.message, isChannelDown: true)
        }
    }
}
