internal import Core
internal import Fleet
internal import HTTPTypes
internal import Hummingbird
internal import HummingbirdCore
internal import NIOCore
internal import Store
internal import SystemPackage

extension WebSite {
    /// Server-sent events: `parts` of the page when they change, `pane` with what a pane prints, and comments as signs
    /// of life.
    @Sendable
    func events(_ request: Request, _ context: WebRequestContext) async throws -> Response {
        let language = request.query("language").flatMap(PageLanguage.init(rawValue:)) ?? request.language
        let pane = request.query("pane").flatMap { $0.isEmpty ? nil : $0 }
        var tap: String?
        if let pane { tap = try await tapName(of: pane) }
        let last = request.headers[.lastEventID].flatMap { Int64($0) }
        try await feed.requireRoom()
        let follower = (language: language, pane: pane, tap: tap)
        return Response(
            status: .ok,
            headers: [
                .contentType: "text/event-stream; charset=utf-8", .cacheControl: "no-store",
                .buffering: "no",
            ],
            body: ResponseBody { writer in
                // Only now: of an answer that is never sent nobody would take its follower away.
                let ticket = await feed.follow(follower.language, tap: follower.tap)
                let stream = EventStream(
                    site: self, language: follower.language, pane: follower.pane, ticket: ticket)
                try await request.body.consumeWithInboundCloseHandler { _ in
                    try await stream.run(after: last, to: &writer)
                    try await writer.finish(nil)
                } onInboundClosed: {
                    ticket.bell.finish()
                }
            })
    }

    /// The name of the file that a pane's agent prints into.
    private func tapName(of pane: String) async throws -> String {
        guard let agent = try await feed.current().agent(pane), let tap = agent.snapshot.agent.tap,
            let name = tap.lastComponent
        else { throw WebError.noSuchPane(pane) }
        return name.string
    }
}
