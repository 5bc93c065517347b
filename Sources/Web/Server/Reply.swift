internal import Core
internal import HTTPTypes
internal import Hummingbird
internal import HummingbirdCore
internal import NIOCore

extension Response {
    /// One JSON object; never kept by caches, for it is the fleet at a moment.
    static func json(_ value: JSONValue, status: HTTPResponse.Status = .ok) -> Response {
        text(value.serialized(sorted: true) + "\n", type: "application/json; charset=utf-8", status: status)
    }

    static func html(_ page: String, status: HTTPResponse.Status = .ok) -> Response {
        text(page, type: "text/html; charset=utf-8", status: status)
    }

    static func text(
        _ text: String, type: String = "text/plain; charset=utf-8", status: HTTPResponse.Status = .ok
    ) -> Response {
        Response(
            status: status, headers: [.contentType: type, .cacheControl: "no-store"],
            body: ResponseBody(byteBuffer: ByteBuffer(string: text)))
    }

    /// "See there", for a form that was sent.
    static func seeOther(_ path: String) -> Response {
        Response(status: .seeOther, headers: [.location: path, .cacheControl: "no-store"])
    }

    /// As every client gets errors; a caller who is not known also gets the classic `detail`.
    static func error(_ error: any UserFacingError, status: HTTPResponse.Status) -> Response {
        var fields: JSONObject = ["code": .string(error.code), "message": .string(error.message)]
        fields["hint"] = error.hint.map { .string($0) } ?? .null
        var object: JSONObject = ["error": .object(fields)]
        if status == .unauthorized { object["detail"] = "invalid auth token" }
        var response = json(.object(object), status: status)
        if status == .unauthorized { response.headers[.wwwAuthenticate] = "Bearer" }
        guard let error = error as? WebError else { return response }
        switch error {
        case .tooManyTries(let pause): response.headers[.retryAfter] = "\(pause.rounded)"
        case .methodNotAllowed(_, let allowed):
            response.headers[.allow] = allowed.joined(separator: ", ")
        case .tooLarge: response.headers[.connection] = "close"
        default: break
        }
        return response
    }
}
