internal import HTTPTypes
internal import Hummingbird
internal import HummingbirdCore

/// The addresses of the server: each with what it asks of its caller, and an honest refusal for other methods.
struct Routes {
    typealias Handler = @Sendable (Request, WebRequestContext) async throws -> Response

    private let router: Router<WebRequestContext>
    private let access: Access
    /// Every path with the methods that it takes.
    private(set) var methods: [(path: String, methods: [HTTPRequest.Method])] = []

    init(_ door: FrontDoor) {
        router = Router(context: WebRequestContext.self, options: .autoGenerateHeadEndpoints)
        router.add(middleware: door)
        access = door.access
    }

    mutating func get(_ path: String, _ need: Access.Need, _ handler: @escaping Handler) {
        add(.get, path, need, handler)
    }

    mutating func post(_ path: String, _ need: Access.Need, _ handler: @escaping Handler) {
        add(.post, path, need, handler)
    }

    private mutating func add(
        _ method: HTTPRequest.Method, _ path: String, _ need: Access.Need, _ handler: @escaping Handler
    ) {
        router.on(RouterPath(path), method: method) { [access] request, context -> Response in
            var context = context
            context.proof = try access.check(request.head, from: context.address, need: need)
            return try await handler(request, context)
        }
        if let index = methods.firstIndex(where: { $0.path == path }) {
            methods[index].methods.append(method)
        } else {
            methods.append((path, [method]))
        }
    }

    /// Adds the refusals; nothing can be added afterwards.
    func finished() -> Router<WebRequestContext> {
        let all: [HTTPRequest.Method] = [.get, .post, .put, .patch, .delete, .options]
        for (path, known) in methods {
            let allowed = (known + (known.contains(.get) ? [.head] : [])).map(\.rawValue)
            for method in all where !known.contains(method) {
                router.on(RouterPath(path), method: method) { _, _ -> Response in
                    throw WebError.methodNotAllowed(method.rawValue, allowed: allowed)
                }
            }
            if !known.contains(.get) {
                router.on(RouterPath(path), method: .head) { _, _ -> Response in
                    throw WebError.methodNotAllowed("HEAD", allowed: allowed)
                }
            }
        }
        return router
    }
}
