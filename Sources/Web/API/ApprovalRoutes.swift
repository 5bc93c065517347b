internal import Approvals
internal import Core
internal import Fleet
internal import HTTPTypes
internal import Hummingbird
internal import HummingbirdCore
internal import NIOCore
internal import Store

extension WebSite {
    /// `place`: where people answer who are logged in here.
    func addApprovals(_ routes: inout Routes, through place: AnswerAttempt.Place) {
        routes.get("/api/approvals", .read) { [feed] _, _ in
            .json(["approvals": .array(try await feed.current().approvals.map(\.json))])
        }
        // A signature is proof enough, and is checked before anything is looked up.
        routes.post("/api/approvals/:id", .nothing) { request, context in
            try await answer(request, context, through: place)
        }
        routes.post("/api/wecom", .nothing) { request, _ in
            let reply = try await approvals.answerChat(
                body: try await request.bytes(upTo: limits.body), timestamp: request.headers[.timestamp],
                signature: request.headers[.signature])
            return .json(
                ["text": .string(reply.text), "answered": .bool(reply.isAnswered)],
                status: .init(code: reply.status))
        }
        for path in ["/a/:token", "/a/:token/approve", "/a/:token/reject"] {
            // Chat programs fetch links: looking changes nothing.
            routes.get(path, .nothing) { request, context in try await show(request, context) }
        }
        routes.post("/a/:token/approve", .nothing) { request, context in
            try await answerLink(.approve, request, context)
        }
        routes.post("/a/:token/reject", .nothing) { request, context in
            try await answerLink(.reject, request, context)
        }
    }

    private func answer(
        _ request: Request, _ context: WebRequestContext, through place: AnswerAttempt.Place
    ) async throws -> Response {
        let id = ApprovalID((context.parameters.get("id") ?? "").percentDecoded)
        let result: AnswerResult
        if request.headers[.signature] != nil {
            result = try await approvals.answer(
                .signedCall(
                    id, body: try await request.bytes(upTo: limits.body),
                    timestamp: request.headers[.timestamp],
                    signature: request.headers[.signature]))
        } else {
            let proof = try access.check(request.head, from: context.address, need: .change)
            let object = try await request.object(upTo: limits.body)
            guard let decision = object["decision"]?.string.flatMap(ApprovalAnswer.Decision.init(rawValue:))
            else {
                throw WebError.unusableBody(reason: "'decision' is 'approve' or 'reject'")
            }
            let user = self.context.surroundings.user
            let words = AnswerAttempt.Words(
                decision, reason: object["reason"]?.string,
                by: object["by"]?.string ?? (proof == .cookie ? "\(user) (\(place.rawValue))" : nil))
            result = try await approvals.answer(
                .login(id, through: proof == .cookie ? place : .webhook, words))
            // Who may read the list may also hear that something is not in it.
            if case .refused(.notFound) = result {
                throw ApprovalsError.notFound(text: id.rawValue.visible, similar: [])
            }
        }
        // Whoever came so far has proved that they may know.
        if result == .refused(.notFound) { throw StoreError.approvalNotFound(id: id.rawValue, similar: []) }
        guard case .accepted(let approval) = result else {
            return .error(UncountedAnswer(result: result), status: .init(code: result.status))
        }
        return .json(["approval": try await approvals.boardApproval(approval).json])
    }

    private func show(_ request: Request, _ context: WebRequestContext) async throws -> Response {
        let token = context.parameters.get("token") ?? ""
        guard let approval = try await approvals.question(behind: token) else {
            return privately(.html(renderer.approval(.invalid, request.language), status: .notFound))
        }
        return privately(.html(try await page(of: approval, token: token, request.language)))
    }

    private func page(of approval: Approval, token: String, _ language: PageLanguage) async throws
        -> String
    {
        let shown = try await approvals.boardApproval(approval)
        guard approval.state == .pending else { return renderer.approval(.settled(shown), language) }
        return renderer.approval(
            .asks(shown, approvePath: "/a/\(token)/approve", rejectPath: "/a/\(token)/reject"), language)
    }

    /// The token is the proof: whoever has it may answer, from wherever.
    private func answerLink(
        _ decision: ApprovalAnswer.Decision, _ request: Request, _ context: WebRequestContext
    ) async throws -> Response {
        let form = Form(String(decoding: try await request.bytes(upTo: limits.body), as: UTF8.self))
        let token = context.parameters.get("token") ?? ""
        let reason = form["reason"].flatMap { $0.isEmpty ? nil : $0 }
        let result = try await approvals.answer(
            .link(token: token, AnswerAttempt.Words(decision, reason: reason)))
        let status = HTTPResponse.Status(code: result.status)
        guard request.wantsPage else {
            guard let approval = result.approval, case .accepted = result else {
                return privately(.error(UncountedAnswer(result: result), status: status))
            }
            return privately(
                .json(["approval": try await approvals.boardApproval(approval).json], status: status))
        }
        guard let approval = result.approval else {
            return privately(.html(renderer.approval(.invalid, request.language), status: status))
        }
        return privately(.html(try await page(of: approval, token: token, request.language), status: status))
    }

    /// The address is a secret: no other page learns it.
    private func privately(_ response: Response) -> Response {
        var response = response
        response.headers[.referrerPolicy] = "no-referrer"
        return response
    }
}
