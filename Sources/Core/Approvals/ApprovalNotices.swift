extension Approval {
    /// More often nobody is reminded of one question.
    public static let mostReminders = 8

    /// What people are told while the question is open: at once, after `remind`, and then after pauses that double,
    /// until it expires.
    ///
    /// The rows of the outbox are the schedule: each waits for its time there, and an answer takes back what has not
    /// begun.
    public func notices(remind: Duration?) -> [OutboxItem] {
        var items = [
            notice(
                "asked", Notice(title: "Approval needed: \(what)", body: question, severity: .warning),
                at: createdAt)
        ]
        guard var pause = remind, pause > .zero else { return items }
        for number in 1...Self.mostReminders {
            let due = createdAt.advanced(by: pause)
            if let expiresAt, due >= expiresAt { break }
            items.append(
                notice(
                    "reminder/\(number)",
                    Notice(
                        title: "Still waiting for an approval: \(what)", body: question, severity: .warning),
                    at: due))
            pause *= 2
        }
        return items
    }

    /// What people are told when nobody answered in time; nil while expiry has decided nothing.
    public func expiryNotice(at now: Timestamp) -> OutboxItem? {
        guard let answer, answer.through == "expiry" else { return nil }
        let word = answer.decision == .approve ? "approved" : "rejected"
        return notice(
            "expired",
            Notice(
                title: "Nobody answered in time: \(what)", body: "\(question)\nIt counts as \(word).",
                severity: .warning), at: now)
    }

    private var what: String {
        switch purpose {
        case .stageStart, .afterFailure:
            "stage \(PolicyText.quoted(stage)) of \(PolicyText.quoted(pipeline))"
        case .command: "a command of the orchestrator"
        }
    }

    private func notice(_ occasion: String, _ notice: Notice, at due: Timestamp) -> OutboxItem {
        OutboxItem(
            id: OutboxID("\(id)/\(occasion)"), subject: subject,
            // A task of the orchestrator is no run of a pipeline.
            run: purpose == .command ? nil : run, stage: stage, attempt: attempt,
            action: .notify(notice), createdAt: createdAt, dueAt: due)
    }
}

/// Which approval a row of the outbox speaks of, and on what occasion.
public struct ApprovalNoticeID: Sendable, Equatable {
    public enum Occasion: String, Sendable { case asked, reminder, expired }

    public let approval: ApprovalID
    public let occasion: Occasion

    /// Nil for rows that are about something else: those of a run have five parts or more.
    public init?(_ id: OutboxID) {
        let parts = id.rawValue.split(separator: "/", omittingEmptySubsequences: false)
        guard parts.count == 2 || parts.count == 3, !parts[0].isEmpty,
            let occasion = Occasion(rawValue: String(parts[1])),
            (occasion == .reminder) == (parts.count == 3)
        else { return nil }
        approval = ApprovalID(String(parts[0]))
        self.occasion = occasion
    }
}
