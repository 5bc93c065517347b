internal import Core
internal import Store

/// Puts journal rows into words of one language: short, and safe to show.
struct JournalWords: Sendable {
    let words: PageWords

    /// What rows can be filtered by.
    static let groups = [
        "agent", "run", "stage", "action", "approval", "marker", "git", "gate", "policy", "other",
    ]

    static let longest = 300

    static func group(of kind: JournalKind) -> String {
        globs.first { group in group.globs.contains { $0.matches(kind.rawValue) } }?.name ?? "other"
    }

    /// The kinds of a group's rows; nil for a name that is none.
    static func kinds(in group: String) -> JournalFilter.Kinds? {
        if let found = patterns.first(where: { $0.name == group }) { return .only(found.patterns) }
        return group == "other" ? .allBut(patterns.flatMap(\.patterns)) : nil
    }

    private static let patterns: [(name: String, patterns: [String])] = [
        ("agent", ["agent.*"]), ("run", ["run.*"]), ("stage", ["stage.changed"]), ("action", ["action.*"]),
        ("approval", ["approval.*"]), ("marker", ["marker", "emit"]), ("git", ["git.*"]),
        ("gate", ["gate.*", "stage.witnessed"]), ("policy", ["policy.*", "escalated"]),
    ]
    private static let globs = patterns.map { (name: $0.name, globs: $0.patterns.map { Glob.branch($0) }) }

    /// `bad`, `good`, `ask` or `plain`: with which colour it stands in the list.
    static func tone(of entry: JournalEntry) -> String {
        let to = entry.payload["to"]?.string ?? entry.payload["state"]?.string ?? ""
        switch to.lowercased() {
        case "failed", "uncertain", "gone": return "bad"
        case "completed", "done", "approved": return "good"
        case "waiting_approval", "waiting": return "ask"
        default: break
        }
        switch entry.kind {
        case .approvalAsked, .escalated: return "ask"
        case .gateRefused, .gateBypassed, .tapGap: return "bad"
        default: return entry.payload["refused"] == nil ? "plain" : "bad"
        }
    }

    func text(of entry: JournalEntry) -> String {
        let text = parts(of: entry).filter { !$0.isEmpty }.joined(separator: " · ")
        let cut = String(String.UnicodeScalarView(text.unicodeScalars.prefix(Self.longest)))
        return (cut.utf8.count < text.utf8.count ? cut + "…" : cut).visible
    }

    private func parts(of entry: JournalEntry) -> [String] {
        let row = JournalRow(entry)
        func said(_ key: String, _ names: String...) -> String {
            words.filled(
                "said_\(key)",
                Dictionary(names.map { ($0, row[$0] ?? "") }) { $1 }.merging(["stage": row.stage]) { $1 })
        }
        switch entry.kind {
        case .stageChanged, .runChanged: return [row.name, turn(row), row["why"] ?? row["ignored"] ?? ""]
        case .taskChanged: return [turn(row), row["why"] ?? ""]
        case .agentState: return [state(row)]
        case .marker, .emit: return marker(entry, row)
        case .gitHook: return [row["hook"] ?? "", row["branch"] ?? "", String((row["commit"] ?? "").prefix(10))]
        case .agentAdded: return [said("added")]
        case .agentStarted: return [said("started", "generation")]
        case .agentRemoved: return [said("removed")]
        case .agentOrdered: return [said("ordered"), row["text"] ?? row["keys"] ?? "", row["by"] ?? ""]
        case .busCommand: return [said("bus"), row["id"] ?? "", row["sender"] ?? ""]
        case .busRefused: return [said("bus_refused", "id", "reason")]
        case .actionEnded: return action(entry, row)
        case .approvalAsked: return [said("asked", "question")]
        case .approvalAnswered: return [answer(row, said), row["reason"] ?? ""]
        case .approvalCancelled: return [said("withdrawn")]
        case .policyRequested:
            return [said(row["request"] == "retry" ? "retry" : "reset"), row["pipeline"] ?? "", row["stage"] ?? ""]
        case .policyLoaded:
            if row["refused"] != nil { return [said("policy_refused", "refused")] }
            return [row["missing"] == nil ? said("policy_loaded", "pipelines") : said("policy_missing")]
        case .escalated: return [words.filled("on_fail_escalate", ["code": row["code"] ?? ""]), row["title"] ?? ""]
        case .gatePassed, .gateRefused, .gateBypassed, .gateWatched:
            return [said(entry.kind.rawValue.replacing(".", with: "_"), "branch"), row["remote"] ?? ""]
        case .taskAdded: return [said("task_added")]
        case .taskRequested: return [said("task_requested", "request")]
        case .taskAlarm: return [said("task_alarm"), row["detail"] ?? ""]
        case .paneSeen: return [said("pane_seen", "session", "window", "kind")]
        case .tapGap: return [said("tap_gap"), row["why"] ?? ""]
        case .journalPruned: return [said("pruned", "before")]
        case .screenDiffers: return [said("screen", "row", "read", "tmux")]
        default:
            return row.payload.keys.compactMap { key in
                row[key].flatMap { $0.isEmpty || $0 == "null" ? nil : "\(key): \($0)" }
            }
        }
    }

    /// `waiting → running`, in the words of what it is about.
    private func turn(_ row: JournalRow) -> String {
        let about = row.kind == .stageChanged ? "stage" : row.kind == .runChanged ? "run" : "task"
        return ["from", "to"].compactMap { row[$0] }.map { words.known("\(about)_\($0.lowercased())") ?? $0 }
            .joined(separator: " → ")
    }

    private func state(_ row: JournalRow) -> String {
        if let reason = row["waiting_for"], let word = words.known("waiting_\(reason)") { return word }
        let state = row["state"] ?? ""
        if state == "exited", let code = row["exit_status"] { return words.filled("exited_with", ["code": code]) }
        return words.known("state_\(state)") ?? state
    }

    private func marker(_ entry: JournalEntry, _ row: JournalRow) -> [String] {
        let object = row.payload["marker"] ?? row.payload["payload"]
        let fields = ["type", "stage", "ok", "summary", "question", "detail"].compactMap { key -> String? in
            guard let value = object?[key] ?? row.payload[key] else { return nil }
            if key == "ok", let isOK = value.bool { return words[isOK ? "said_ok" : "said_not_ok"] }
            return value.string ?? value.serialized()
        }
        let parts = (row["signal"].map { [$0] } ?? []) + fields
        return parts.isEmpty ? [JSONValue.object(row.payload).serialized()] : parts
    }

    private func action(_ entry: JournalEntry, _ row: JournalRow) -> [String] {
        let item = row["item"] ?? ""
        let parts = item.split(separator: "/", omittingEmptySubsequences: false).map(String.init)
        let what: String
        if parts.count >= 5, let number = Int(parts[parts.count - 1]), !row.stage.isEmpty {
            let isStart = parts[parts.count - 2] == "start"
            what = words.filled(
                isStart ? "said_action" : "said_message", ["stage": row.stage, "number": "\(number + 1)"])
        } else if ApprovalNoticeID(OutboxID(item)) != nil {
            what = words["said_question"]
        } else {
            let keys = ["order": "said_ordered", "bus": "said_bus", "task": "said_task", "dialog": "said_dialog"]
            what = parts.first.flatMap { keys[$0] }.map { words[$0] } ?? item
        }
        let state = row["state"].map { words.known("action_\($0)") ?? $0 } ?? ""
        let code = row["exit_code"].map { words.filled("said_exit", ["code": $0]) } ?? ""
        // What tmux told of an order stands there in one word.
        return [what, state, code, row["detail"] == row["state"] ? "" : row["detail"] ?? ""]
    }

    private func answer(_ row: JournalRow, _ said: (String, String...) -> String) -> String {
        let isApproved = row["decision"] == "approve"
        guard row["through"] == "expiry" else { return said(isApproved ? "approved" : "rejected", "by") }
        return said(isApproved ? "approved_unasked" : "rejected_unasked")
    }
}

/// A row with its fields as texts.
private struct JournalRow {
    let kind: JournalKind
    let payload: JSONObject
    let stage: String

    init(_ entry: JournalEntry) {
        kind = entry.kind
        payload = entry.payload
        stage = entry.draft.stage ?? ""
    }

    subscript(key: String) -> String? {
        payload[key].flatMap { value in
            if case .null = value { return nil }
            return value.string ?? value.array?.compactMap(\.string).joined(separator: " ") ?? value.serialized()
        }
    }

    /// Of the stage, else of the pipeline.
    var name: String { self["stage"] ?? (stage.isEmpty ? nil : stage) ?? self["pipeline"] ?? "" }
}
