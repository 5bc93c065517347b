internal import Approvals
internal import Core
internal import Fleet
internal import HTTPTypes
internal import Hummingbird
internal import HummingbirdCore
internal import Logging
internal import NIOCore
internal import Store

extension WebSite {
    /// Every address of a server; `start` is what lies at `/`.
    ///
    /// docs/api/openapi.json describes them, and a test compares.
    func routes(start: WebServer.Page) -> Routes {
        var routes = Routes(FrontDoor(access: access, limits: limits, log: log, approvals: approvals))
        addHealth(&routes)
        guard start != .metrics else { return routes }
        addPages(&routes, start: start)
        addLogin(&routes)
        addReads(&routes)
        addApprovals(&routes, through: start == .portal ? .portal : .web)
        addOrders(&routes, through: start == .portal ? .portal : .web)
        routes.get("/api/events", .read, events)
        return routes
    }

    private func addHealth(_ routes: inout Routes) {
        routes.get("/healthz", .nothing) { _, _ in .text("ok\n") }
        routes.get("/readyz", .nothing) { [context, log] _, _ in
            do {
                _ = try await context.store.newestJournalID()
                return .text("ready\n")
            } catch {
                log.warning("not ready: \(error)")
                return .text("the database cannot be read\n", status: .serviceUnavailable)
            }
        }
        routes.get("/metrics", .read) { [metrics] _, _ in
            .text(try await metrics.read(), type: MetricText.mediaType)
        }
    }

    /// How many messages since a time are told, the newest.
    static let mostNotices = 500

    private func addReads(_ routes: inout Routes) {
        let feed = feed
        routes.get("/api/overview", .read) { _, _ in .json(.object(try await feed.current().overview)) }
        routes.get("/api/dashboard", .read) { _, _ in .json(.object(try await feed.current().dashboard)) }
        routes.get("/api/panes", .read) { _, _ in .json(.object(try await feed.current().panesJSON)) }
        routes.get("/api/sessions", .read) { _, _ in .json(.object(try await feed.current().sessions)) }
        routes.get("/api/notifications", .read) { [context] request, _ in
            guard let since = try request.time("since") else {
                return .json(.object(try await feed.current().notifications))
            }
            let found = try await context.store.notices(
                since: since.advanced(by: .milliseconds(1)), limit: Self.mostNotices + 1)
            let shown = found.prefix(Self.mostNotices).map { BoardNotice($0) }
            return .json(.object(shown.notifications(isComplete: shown.count == found.count)))
        }
        routes.get("/api/journal", .read) { request, _ in
            .json(.object(try await feed.find(try request.journalQuestion, request.language).json))
        }
        routes.get("/api/panes/:pane/tail", .read) { [panes] request, context in
            let name = try pane(context)
            let board = try await feed.current()
            let agent = board.agent(name)
            guard agent != nil || board.tapName(of: name) != nil else { throw WebError.noSuchPane(name) }
            let lines = try request.number("lines", in: 1...2000) ?? 200
            let text = try await panes.text(of: name) ?? ""
            let rows = text.split(separator: "\n", omittingEmptySubsequences: false).suffix(lines)
            return .json([
                "pane_id": .string(agent?.snapshot.agent.pane?.pane.description ?? name),
                "lines": .array(rows.map { .string(String($0)) }),
                "text": .string(rows.joined(separator: "\n")),
            ])
        }
    }

    /// The pane that a path means: `%253` is `%3`, and in a fleet `local~%253` too; of `run` it is `<host>~%253`.
    func pane(_ context: WebRequestContext) throws(WebError) -> String {
        // The router leaves the escapes of a path as they are.
        try pane((context.parameters.get("pane") ?? "").percentDecoded)
    }

    /// As the board calls the pane that a caller calls `text`.
    func pane(_ text: String) throws(WebError) -> String {
        let parts = text.split(separator: "~", maxSplits: 1, omittingEmptySubsequences: false)
        guard parts.count == 2, context.panes == nil else { return text }
        guard parts[0] == "local" else { throw .noSuchPane(text) }
        return String(parts[1])
    }
}

extension Request {
    /// What is looked for in the journal.
    fileprivate var journalQuestion: JournalQuestion {
        get throws(WebError) {
            var question = JournalQuestion(text: query("text") ?? "", branch: query("branch") ?? "")
            if let group = query("kind"), !group.isEmpty {
                guard JournalWords.groups.contains(group) else {
                    throw .unusableParameter(
                        name: "kind",
                        reason: "'\(group.visible)' is none of \(JournalWords.groups.joined(separator: ", "))")
                }
                question.group = group
            }
            if let before = try number("before", in: 1...Int.max) { question.before = Int64(before) }
            question.limit = try number("limit", in: 1...500) ?? question.limit
            return question
        }
    }

    /// A whole number behind the question mark; nil when it is absent.
    func number(_ name: String, in range: ClosedRange<Int>) throws(WebError) -> Int? {
        guard let text = query(name) else { return nil }
        guard let number = Int(text), range.contains(number) else {
            throw .unusableParameter(
                name: name,
                reason: "'\(text.visible)' is no number from \(range.lowerBound) to \(range.upperBound)")
        }
        return number
    }

    /// A time in ISO 8601 or in seconds since 1970; nil when it is absent.
    func time(_ name: String) throws(WebError) -> Timestamp? {
        guard let text = query(name), !text.isEmpty else { return nil }
        if let seconds = Double(text), seconds.isFinite, (0..<1e12).contains(seconds) {
            return Timestamp(milliseconds: Int64(seconds * 1000))
        }
        guard let time = Timestamp(iso8601: text) else {
            throw .unusableParameter(
                name: name,
                reason: "'\(text.visible)' is no time such as 2026-03-01T08:30:00Z or 1772353800.5")
        }
        return time
    }
}
