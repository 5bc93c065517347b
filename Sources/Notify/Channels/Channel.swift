public import Core

/// A way to people.
public protocol Channel: Sendable {
    /// As the settings call it.
    var name: String { get }
    /// Nil when the receiver took the message, else why not, without secrets.
    func send(_ notice: OutgoingNotice, at now: Timestamp) async -> DeliveryFailure?
}

/// A message as a channel gets it: complete, with how to answer.
public struct OutgoingNotice: Sendable, Equatable {
    /// Where a question is answered in a browser.
    public struct Links: Sendable, Equatable {
        public var approve: String
        public var reject: String

        public init(approve: String, reject: String) {
            self.approve = approve
            self.reject = reject
        }
    }

    /// The same when it comes twice.
    public var id: String
    public var title: String
    /// Without what follows.
    public var body: String
    public var links: Links?
    /// Lines behind the links.
    public var hints: [String] = []
    public var severity: Notice.Severity
    public var kind: NoticeKind
    /// When it was written.
    public var at: Timestamp
    /// The fleet's name.
    public var source: String
    public var branch: String?
    public var approval: ApprovalID?

    public init(
        id: String, title: String, body: String, severity: Notice.Severity = .info,
        kind: NoticeKind = .message, at: Timestamp, source: String, branch: String? = nil,
        approval: ApprovalID? = nil
    ) {
        self.id = id
        self.title = title
        self.body = body
        self.severity = severity
        self.kind = kind
        self.at = at
        self.source = source
        self.branch = branch
        self.approval = approval
    }

    /// Everything in words, for channels without buttons.
    public var text: String {
        var lines = body.isEmpty ? [] : [body]
        if let links { lines += ["Approve: \(links.approve)", "Reject: \(links.reject)"] }
        return (lines + hints).joined(separator: "\n")
    }

    /// As `text`, for places that others read: who holds a link can answer.
    var textWithoutLinks: String {
        ([body].filter { !$0.isEmpty } + hints).joined(separator: "\n")
    }

    public var requiresAttention: Bool { kind.requiresAttention(severity) }
}
