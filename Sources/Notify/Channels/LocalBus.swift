internal import Core
internal import ProcessKit

/// Appends notices to the bus's `notifications.jsonl`, for the phone console, relays and programs of the user's.
///
/// Links are left out: whoever holds one can answer, and agents can read the bus. `meta.approval` names the question.
actor LocalBus: Channel {
    nonisolated let name = "local_bus"
    private let writer: BusWriter
    private let executor = BlockingExecutor(label: "notify.local-bus")
    nonisolated var unownedExecutor: UnownedSerialExecutor { unsafe executor.asUnownedSerialExecutor() }

    init(_ writer: BusWriter) { self.writer = writer }

    func send(_ notice: OutgoingNotice, at now: Timestamp) -> DeliveryFailure? {
        var meta: JSONObject = [
            "severity": .string(notice.severity.rawValue), "kind": .string(notice.kind.rawValue),
            "requires_attention": .bool(notice.requiresAttention),
        ]
        meta["branch"] = notice.branch.map { .string($0) }
        meta["approval"] = notice.approval.map { .string($0.rawValue) }
        let line: JSONValue = [
            "id": .string(notice.id), "ts": notice.at.busTime, "title": .string(notice.title),
            "body": .string(notice.textWithoutLinks),
            "source": .string(notice.source), "meta": .object(meta),
        ]
        do {
            try writer.append([line], to: .notifications)
            return nil
        } catch {
            let reason = (error as? any UserFacingError)?.message ?? "\(error)"
            return DeliveryFailure(reason, isChannelDown: true)
        }
    }
}
