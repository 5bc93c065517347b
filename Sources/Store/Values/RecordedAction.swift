public import Core

/// An action of the outbox with what became of it.
public struct RecordedAction: Sendable, Equatable {
    public var item: OutboxItem
    /// Of its run; nil for an action without one.
    public var pipeline: String?
    public var startedAt: Timestamp?
    public var endedAt: Timestamp?
    public var exitCode: Int32?
    public var detail: String?

    public init(
        item: OutboxItem, pipeline: String?, startedAt: Timestamp?, endedAt: Timestamp?, exitCode: Int32?,
        detail: String?
    ) {
        self.item = item
        self.pipeline = pipeline
        self.startedAt = startedAt
        self.endedAt = endedAt
        self.exitCode = exitCode
        self.detail = detail
    }
}
