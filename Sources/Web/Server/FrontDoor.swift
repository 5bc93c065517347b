internal import Approvals
internal import Core
internal import Fleet
internal import HTTPTypes
internal import Hummingbird
internal import HummingbirdCore
internal import Logging
internal import Store

/// What is done with every request and every answer, whatever the address.
struct FrontDoor: RouterMiddleware {
    typealias Input = Request
    typealias Output = Response
    typealias Context = WebRequestContext

    let access: Access
    let limits: WebLimits
    let log: Logger
    /// Who counts answers that get no further than this.
    let approvals: WebApprovals

    @concurrent func handle(
        _ request: Request, context: WebRequestContext,
        next: @concurrent (Request, WebRequestContext) async throws -> Response
    ) async throws -> Response {
        var response: Response
        do {
            try refuse(request)
            response = try await next(request, context)
        } catch {
            if let error = error as? WebError, request.method == .post { await count(error, request) }
            response = answer(to: error, request, context)
        }
        for (name, value) in Self.protection where response.headers[name] == nil {
            response.headers[name] = value
        }
        if response.headers[.contentSecurityPolicy] == nil {
            response.headers[.contentSecurityPolicy] = Self.contentPolicy
        }
        return response
    }

    private func count(_ error: WebError, _ request: Request) async {
        do {
            try await approvals.countRefusal(error, at: request.uri.path)
        } catch {
            // The caller's answer does not depend on the count.
            log.warning("an answer that was refused is not counted: \(error)")
        }
    }

    private func refuse(_ request: Request) throws(WebError) {
        let host = request.head.authority ?? ""
        guard access.settings.hosts.contain(host) else { throw .unknownHost(host) }
        // The first is the authority; what else is asked for might be seen by a proxy only.
        if let second = request.headers[.host] { throw .unknownHost("\(host), \(second)") }
        if let length = request.headers[.contentLength].flatMap({ Int($0) }), length > limits.body {
            throw .tooLarge(limit: limits.body)
        }
    }

    /// Nothing inline, nothing from elsewhere; a page of ours is in nobody's frame.
    static let contentPolicy =
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; font-src 'self'; "
        + "connect-src 'self'; manifest-src 'self'; worker-src 'self'; form-action 'self'; "
        + "base-uri 'none'; frame-ancestors 'none'"

    private static let protection: [(HTTPField.Name, String)] = [
        (.xContentTypeOptions, "nosniff"), (.frameOptions, "DENY"), (.referrerPolicy, "same-origin"),
        (.resourcePolicy, "same-origin"), (.openerPolicy, "same-origin"),
        (.permissionsPolicy, "camera=(), geolocation=(), microphone=()"),
    ]

    private func answer(to error: any Error, _ request: Request, _ context: WebRequestContext) -> Response {
        switch error {
        case let error as WebError: return .error(error, status: error.status)
        case let error as any UserFacingError:
            if error.status == .internalServerError { log.error("\(request.uri.path.visible): \(error)") }
            return .error(error, status: error.status)
        case let error as HTTPError where error.status == .notFound:
            return missing(request, context)
        case is CancellationError: return .error(WebFault(), status: .serviceUnavailable)
        default:
            log.error("\(request.uri.path.visible): \(error)")
            return .error(WebFault(), status: .internalServerError)
        }
    }

    /// Who may not read does not learn either what is there and what is not.
    private func missing(_ request: Request, _ context: WebRequestContext) -> Response {
        do throws(WebError) {
            _ = try access.check(request.head, from: context.address, need: .read)
            throw WebError.noSuchPage(request.uri.path)
        } catch {
            return .error(error, status: error.status)
        }
    }
}

/// A fault of ours; the log has the rest, the client has no use for it.
private struct WebFault: UserFacingError {
    let code = "internal"
    let message = "Something went wrong in the server"
    let hint: String? = "Its log says what: the daemon's is run/<fleet>/daemon.log below TMUX_AGENT_HOME"
}

extension UserFacingError {
    /// The status of an answer that says this error.
    var status: HTTPResponse.Status {
        switch self as any UserFacingError {
        case let error as WebError: error.status
        case StoreError.agentNotFound, StoreError.approvalNotFound, StoreError.runNotFound,
            ApprovalsError.notFound:
            .notFound
        case FleetError.noPane, FleetError.notSubmitted, FleetError.agentWorks: .conflict
        default:
            switch exitStatus {
            case .usage: .badRequest
            case .refused: .forbidden
            case .unavailable: .serviceUnavailable
            case .notAchieved: .conflict
            case .done, .bug, .unusableSettings, .interrupted: .internalServerError
            }
        }
    }
}
