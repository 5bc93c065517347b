internal import Core
internal import Fleet
internal import Store

/// Finds words, and the shapes that stand beside colours, for one language.
struct PageWords: Sendable {
    let texts: PageTexts
    let language: PageLanguage

    subscript(key: String) -> String { texts.text(key, language) }

    func filled(_ key: String, _ values: [String: String]) -> String { texts.text(key, language, values) }

    /// Nil where there is no such sentence: a word that came with the database, perhaps from a newer program.
    func known(_ key: String) -> String? { texts.known(key, language) }

    func state(_ state: AgentState) -> String { self["state_\(state.rawValue)"] }

    func state(of snapshot: AgentSnapshot) -> String {
        if let reason = snapshot.waitingFor { return self["waiting_\(reason.rawValue)"] }
        if snapshot.state == .exited, let code = snapshot.exitStatus {
            return filled("exited_with", ["code": "\(code)"])
        }
        return state(snapshot.state)
    }

    func stage(_ state: StageState) -> String { self["stage_\(state.rawValue.lowercased())"] }
    func run(_ state: PipelineRun.State) -> String { self["run_\(state.rawValue)"] }

    /// `4s`, `12m`, `3h 5m`, `2d`.
    static func brief(_ duration: Duration) -> String {
        let seconds = max(0, duration.inMilliseconds / 1000)
        switch seconds {
        case 0..<60: return "\(seconds)s"
        case 60..<3600: return "\(seconds / 60)m \(seconds % 60)s"
        case 3600..<86_400: return "\(seconds / 3600)h \(seconds / 60 % 60)m"
        default: return "\(seconds / 86_400)d \(seconds / 3600 % 24)h"
        }
    }

    static func glyph(_ state: AgentState) -> String {
        switch state {
        case .waiting: "◆"
        case .working: "▶"
        case .starting: "◌"
        case .idle: "○"
        case .exited: "■"
        case .gone: "✕"
        case .unknown: "?"
        }
    }

    static func glyph(_ state: StageState) -> String {
        switch state {
        case .idle: "·"
        case .waitingTrigger: "○"
        case .waitingApproval: "◆"
        case .running: "▶"
        case .completed: "✓"
        case .failed: "✕"
        }
    }

    static func glyph(_ state: PipelineRun.State) -> String {
        switch state {
        case .queued: "○"
        case .running: "▶"
        case .completed: "✓"
        case .failed: "✕"
        case .cancelled: "–"
        }
    }

    /// The values of `time.mustache`; `form` is `age`, `clock` or `until`, which the page's module writes out.
    static func time(_ time: Timestamp, form: String) -> [String: Any] {
        let iso = time.iso8601
        return ["iso": iso, "form": form, "clock": String(iso.dropFirst(11).prefix(5))]
    }
}
