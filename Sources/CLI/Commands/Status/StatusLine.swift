internal import Core
internal import Daemon
internal import Fleet
internal import Store

/// The fleet in a few words for tmux's `status-right`.
struct StatusLine {
    var status: FleetStatus

    /// `2 working 1 idle 1 asks`, with tmux's own colours; nothing when there is nothing to say.
    var text: String {
        var words: [String] = []
        for state in [AgentState.working, .starting, .waiting, .idle, .exited, .gone] {
            let count = status.agents.count { $0.state == state }
            if count > 0 { words.append(Self.painted("\(count) \(state.rawValue)", Self.colour(state))) }
        }
        let asks = status.approvals.count
        if asks > 0 { words.append(Self.painted("\(asks) \(asks == 1 ? "asks" : "ask")", "magenta,bold")) }
        if !status.agents.isEmpty, status.daemon == nil { words.append(Self.painted("not watched", "red")) }
        return words.joined(separator: " ")
    }

    private static func painted(_ text: String, _ colour: String) -> String {
        "#[fg=\(colour)]\(text)#[default]"
    }

    private static func colour(_ state: AgentState) -> String {
        switch state {
        case .working, .starting: "cyan"
        case .waiting: "magenta"
        case .idle: "green"
        case .exited, .gone: "red"
        case .unknown: "default"
        }
    }
}
