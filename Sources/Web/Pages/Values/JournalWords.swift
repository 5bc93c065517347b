internal import Core
internal import Store

/// Puts journal rows into words: short, and safe to show.
enum JournalWords {
    /// What rows can be filtered by.
    static let groups = [
        "agent", "run", "stage", "action", "approval", "marker", "git", "gate", "policy", "other",
    ]

    static let longest = 300

    static func group(of kind: JournalKind) -> String {
        switch kind {
        case .emit, .marker: "marker"
        case .gitHook: "git"
        case .policyRequested, .policyLoaded, .escalated: "policy"
        case .stageWitnessed: "gate"
        default:
            groups.first { kind.rawValue.hasPrefix("\($0).") } ?? "other"
        }
    }

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

    static func text(of entry: JournalEntry) -> String {
        let payload = entry.payload
        func word(_ key: String) -> String? {
            payload[key].map { $0.string ?? $0.serialized() }
        }
        var parts: [String] = []
        switch entry.kind {
        case .stageChanged, .runChanged:
            let name = word("stage") ?? word("pipeline") ?? ""
            let turn = [word("from"), word("to")].compactMap(\.self).joined(separator: " → ")
            parts = [name, turn, word("why") ?? word("ignored") ?? ""]
        case .agentState:
            parts = [word("state") ?? "", word("waiting_for") ?? "", word("exit_status") ?? ""]
        case .marker, .emit:
            let object = payload["marker"] ?? payload["payload"]
            let fields = ["type", "stage", "ok", "summary", "question", "detail"].compactMap { key in
                (object?[key] ?? payload[key]).map { $0.string ?? $0.serialized() }
            }
            parts = fields.isEmpty ? [JSONValue.object(payload).serialized()] : fields
        default:
            parts = payload.keys.compactMap { key in
                word(key).flatMap { $0.isEmpty || $0 == "null" ? nil : "\(key): \($0)" }
            }
        }
        let text = parts.filter { !$0.isEmpty }.joined(separator: " · ")
        let cut = String(String.UnicodeScalarView(text.unicodeScalars.prefix(longest)))
        return (cut.utf8.count < text.utf8.count ? cut + "…" : cut).visible
    }
}
