internal import Core
internal import HTTPTypes
internal import Hummingbird
internal import HummingbirdCore
internal import NIOCore

extension WebSite {
    func addPages(_ routes: inout Routes, start: WebServer.Page) {
        let starts: [(String, WebServer.Page)] = [
            ("/", start), ("/dashboard", .dashboard), ("/portal", .portal),
        ]
        for (path, page) in starts {
            // The page itself decides: whoever may not read gets the login in its place.
            routes.get(path, .nothing) { request, context in
                try await self.page(page, at: path, request, context)
            }
        }
        for path in PageAssets.paths {
            routes.get(path, .nothing) { request, _ in Self.asset(path, request) }
        }
    }

    private func page(
        _ page: WebServer.Page, at path: String, _ request: Request, _ context: WebRequestContext
    ) async throws -> Response {
        let language = request.language
        guard let proof = try reading(request, context) else {
            return .html(renderer.login(language, next: path), status: .unauthorized)
        }
        let board = try await feed.current()
        let viewer = Viewer(language: language, mayChange: proof != .none)
        var response = page == .portal ? .html(renderer.portal(board, viewer)) : dashboard(board, viewer)
        response.headers[.vary] = "Accept-Language, Cookie"
        return response
    }

    /// The header goes ahead: a browser draws it, and loads styles and modules, while the agents are written out.
    private func dashboard(_ board: Board, _ viewer: Viewer) -> Response {
        Response(
            status: .ok, headers: [.contentType: "text/html; charset=utf-8", .cacheControl: "no-store"],
            body: ResponseBody { [renderer] writer in
                try await writer.write(ByteBuffer(string: renderer.dashboardTop(board, viewer)))
                try await writer.write(ByteBuffer(string: renderer.dashboardRest(board, viewer)))
                try await writer.finish(nil)
            })
    }

    /// How the reader proved to be one; nil when a login is needed first.
    private func reading(_ request: Request, _ context: WebRequestContext) throws(WebError) -> Access.Proof? {
        do throws(WebError) {
            return try access.check(request.head, from: context.address, need: .read)
        } catch {
            guard case .loginNeeded = error else { throw error }
            return nil
        }
    }

    private static func asset(_ path: String, _ request: Request) -> Response {
        guard let asset = PageAssets.asset(path) else { return Response(status: .notFound) }
        // Asked for each time and mostly answered by "as before": a new version of the program is seen at once.
        let headers: HTTPFields = [
            .eTag: asset.tag, .cacheControl: "no-cache", .contentType: asset.mediaType,
        ]
        if request.headers[values: .ifNoneMatch].contains(where: { $0.contains(asset.tag) }) {
            return Response(status: .notModified, headers: headers)
        }
        return Response(
            status: .ok, headers: headers,
            body: ResponseBody(byteBuffer: ByteBuffer(bytes: asset.bytes)))
    }
}

extension Request {
    /// What a person reads, by their choice or their browser's.
    var language: PageLanguage {
        var chosen: String?
        for header in headers[values: .cookie] {
            for part in header.split(separator: ";") {
                let pair = part.drop { $0 == " " }.split(separator: "=", maxSplits: 1)
                if pair.count == 2, pair[0] == PageLanguage.cookieName { chosen = String(pair[1]) }
            }
        }
        return PageLanguage(acceptLanguage: headers[.acceptLanguage], cookie: chosen)
    }

    /// Whether a person's browser asks, and not a program.
    var wantsPage: Bool { headers[.accept]?.contains("text/html") == true }
}
