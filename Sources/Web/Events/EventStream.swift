internal import Core
internal import Hummingbird
internal import HummingbirdCore
internal import NIOCore
internal import ServiceLifecycle

/// One client's stream: nothing waits in it but the knowledge that there may be something new.
struct EventStream: Sendable {
    let site: WebSite
    let language: PageLanguage
    let wantsParts: Bool
    /// Whose output is wanted too.
    let panes: [String]
    let ticket: FollowerTicket

    /// Writes until the client leaves, the server ends, or the connection breaks.
    @concurrent func run(after last: Int64?, to writer: inout any ResponseBodyWriter) async throws {
        do {
            try await follow(after: last, to: &writer)
        } catch {
            await site.feed.leave(ticket.id)
            throw error
        }
        await site.feed.leave(ticket.id)
    }

    /// A sign of life that pages see, as they never see comments: it says after how long the next one comes at the latest.
    private var beat: String {
        let interval = site.limits.heartbeat * 3 / 2
        return "event: beat\ndata: {\"every_ms\":\(interval.inMilliseconds)}\n\n"
    }

    @concurrent private func follow(after last: Int64?, to writer: inout any ResponseBodyWriter) async throws
    {
        var last = last
        var places: [String: PanePlace] = [:]
        var written = ContinuousClock.now
        // How soon a browser comes again when the line breaks, in milliseconds.
        try await writer.write(ByteBuffer(string: "retry: 2000\n\n\(beat)"))
        for await _ in ticket.rings.cancelOnGracefulShutdown() {
            var text = ""
            if wantsParts, let news = await site.feed.news(language, after: last) {
                text = news.text
                last = news.number
            }
            for pane in panes {
                guard let update = try await site.panes.update(of: pane, after: places[pane]) else {
                    continue
                }
                text += "event: pane\ndata: \(update.json.serialized())\n\n"
                places[pane] = update.place
                if update.isBehind { ticket.bell.yield() }
            }
            if text.isEmpty, ContinuousClock.now - written >= site.limits.heartbeat / 2 { text = beat }
            guard !text.isEmpty else { continue }
            try await writer.write(ByteBuffer(string: text))
            written = .now
        }
    }
}
