public import Core
public import Store

/// Takes notifications from the bus into a queue of deliveries: each line once, by its id.
public struct RelayIntake: Sendable {
    private let store: FleetStore
    private let rules: DeliveryRules
    private let unusable: [String: String]
    private let redaction: Redaction

    /// What keys of relayed notices begin with; the line's id follows.
    public static let keyPrefix = "bus/"

    public init(
        store: FleetStore, rules: DeliveryRules, unusable: [String: String], redaction: Redaction
    ) {
        self.store = store
        self.rules = rules
        self.unusable = unusable
        self.redaction = redaction
    }

    /// False for a line that is no notification, was taken before, or is older than messages are kept for.
    public func take(_ line: BusLine, at now: Timestamp) async throws -> Bool {
        guard let object = line.object, let notice = Self.notice(object) else { return false }
        if let at = line.at, now.distance(from: at) > DeliveryRules.lifetime { return false }
        let meta = object["meta"]?.object
        let draft = NoticeDraft(
            key: Self.keyPrefix + line.id, kind: .relayed, subject: .mainCheckout,
            branch: meta?["branch"]?.string.map { String($0.prefix(250)) },
            approval: meta?["approval"]?.string.map { ApprovalID($0) },
            notice: Notice(
                title: redaction(notice.title), body: redaction(notice.body), severity: notice.severity))
        return try await store.post(draft, rules: rules, unusable: unusable, at: now)
    }

    private static func notice(_ object: JSONObject) -> Notice? {
        let title = object["title"]?.string ?? ""
        let body = object["body"]?.string ?? ""
        guard !title.isEmpty || !body.isEmpty else { return nil }
        let meta = object["meta"]?.object
        var severity = meta?["severity"]?.string.flatMap(Notice.Severity.init(rawValue:)) ?? .info
        if severity == .info, meta?["requires_attention"]?.bool == true { severity = .warning }
        return Notice(
            title: String((title.isEmpty ? "Notification" : title).prefix(1000)),
            body: String(body.prefix(64 << 10)), severity: severity)
    }
}
