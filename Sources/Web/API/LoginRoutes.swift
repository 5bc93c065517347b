internal import Core
internal import Fleet
internal import HTTPTypes
internal import Hummingbird
internal import HummingbirdCore
internal import NIOCore

extension WebSite {
    func addLogin(_ routes: inout Routes) {
        routes.get("/login", .nothing) { request, _ in
            .html(renderer.login(request.language, next: Self.ownPath(request.query("next"))))
        }
        routes.post("/login", .nothing) { request, context in try await logIn(request, context) }
        routes.post("/logout", .nothing) { request, _ in
            try access.refuseForeignPages(request.head)
            var response: Response =
                request.wantsPage ? .seeOther("/") : Response(status: .noContent)
            response.headers[.setCookie] = access.settings.cookie.removal
            return response
        }
    }

    private func logIn(_ request: Request, _ context: WebRequestContext) async throws -> Response {
        let isForm =
            request.headers[.contentType]?.lowercased()
            .hasPrefix("application/x-www-form-urlencoded") == true
        let token: String
        let next: String
        if isForm {
            let form = Form(String(decoding: try await request.bytes(upTo: 8192), as: UTF8.self))
            token = form["token"] ?? ""
            next = Self.ownPath(form["next"])
        } else {
            token = try await request.object(upTo: 8192)["token"]?.string ?? ""
            next = "/"
        }
        if let refusal = refusal(of: token.trimmed, request, context) {
            guard isForm, refusal != .foreignPage else { throw refusal }
            var response = Response.html(
                renderer.login(request.language, next: next, refusal: refusal), status: refusal.status)
            if case .tooManyTries(let pause) = refusal { response.headers[.retryAfter] = "\(pause.rounded)" }
            return response
        }
        var response: Response = isForm ? .seeOther(next) : Response(status: .noContent)
        response.headers[.setCookie] = access.settings.cookie.header(
            at: self.context.surroundings.now(), isSecure: isSecure(request))
        return response
    }

    /// Why the token does not log in; nil when it does.
    private func refusal(of token: String, _ request: Request, _ context: WebRequestContext) -> WebError? {
        do throws(WebError) {
            try access.logIn(with: token, request.head, from: context.address)
            return nil
        } catch {
            return error
        }
    }

    /// The browser came by https when it came to the public address, and that has https.
    private func isSecure(_ request: Request) -> Bool {
        guard let url = access.settings.publicURL, url.lowercased().hasPrefix("https://"),
            let authority = request.head.authority
        else { return false }
        return HostNames.name(in: authority) == HostNames.host(of: url)
    }

    /// A path of this server; what leads elsewhere leads to the start.
    private static func ownPath(_ text: String?) -> String {
        guard let text, text.hasPrefix("/"), !text.hasPrefix("//"), !text.contains("\\"),
            text.utf8.count < 500, text.unicodeScalars.allSatisfy({ (33..<127).contains($0.value) })
        else { return "/" }
        return text
    }
}

extension String {
    /// Without the spaces and line ends around it that a paste brings along.
    fileprivate var trimmed: String {
        let end = lastIndex { !$0.isWhitespace }.map { index(after: $0) } ?? startIndex
        return String(self[..<end].drop { $0.isWhitespace })
    }
}
