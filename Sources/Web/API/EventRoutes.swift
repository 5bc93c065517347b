internal import Core
internal import Fleet
internal import HTTPTypes
internal import Hummingbird
internal import HummingbirdCore
internal import NIOCore
internal import Store
internal import SystemPackage

extension WebSite {
    /// Server-sent events: `parts` of the page when they change (none with `parts=none`), `pane` with what the panes
    /// print that `pane` names, several with commas between, and `beat` as a sign of life.
    @Sendable
    func events(_ request: Request, _ context: WebRequestContext) async throws -> Response {
        let language = request.query("language").flatMap(PageLanguage.init(rawValue:)) ?? request.language
        // Of another host there is nothing to follow in a fleet.
        let given = (request.query("pane") ?? "").split(separator: ",").prefix(PaneViews.standardMost)
        let names = given.compactMap { try? pane(String($0)) }
        let wantsParts = request.query("parts") != "none"
        let taps = try await taps(of: names)
        // A page goes on when the agent that it shows is gone; who asks for nothing else is told.
        if let first = given.first, taps.isEmpty, !wantsParts { throw WebError.noSuchPane(String(first)) }
        // A browser names the last event in a header only when it comes again by itself.
        let last = (request.headers[.lastEventID] ?? request.query("last")).flatMap { Int64($0) }
        try await feed.requireRoom()
        return Response(
            status: .ok,
            headers: [
                .contentType: "text/event-stream; charset=utf-8", .cacheControl: "no-store",
                .buffering: "no",
            ],
            body: ResponseBody { writer in
                // Only now: of an answer that is never sent nobody would take its follower away.
                let ticket = await feed.follow(language, taps: taps)
                let stream = EventStream(
                    site: self, language: language, wantsParts: wantsParts, panes: names, ticket: ticket)
                try await request.body.consumeWithInboundCloseHandler { _ in
                    try await stream.run(after: last, to: &writer)
                    try await writer.finish(nil)
                } onInboundClosed: {
                    ticket.bell.finish()
                }
            })
    }

    /// The names of the files that the panes' agents print into; agents that are gone meanwhile have none.
    private func taps(of panes: [String]) async throws -> Set<String> {
        guard !panes.isEmpty else { return [] }
        let board = try await feed.current()
        return Set(panes.compactMap { board.tapName(of: $0) })
    }
}
