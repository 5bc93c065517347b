public import Core
public import SystemPackage

/// What goes wrong with the records of `run`.
public enum PaneRecordsError: Error, Equatable {
    case neverRun(file: FilePath)
    case noPane(String, known: [String])
    case severalPanes(String, known: [String])
}

extension PaneRecordsError: UserFacingError {
    public var code: String {
        switch self {
        case .neverRun: "never_run"
        case .noPane: "no_pane"
        case .severalPanes: "several_panes"
        }
    }

    public var message: String {
        switch self {
        case .neverRun(let file): "Nothing is kept for \(file): it was never run"
        case .noPane(let name, _): "'run' knows no pane '\(name)' with a run"
        case .severalPanes(let name, _): "'\(name)' may mean several panes"
        }
    }

    public var hint: String? {
        switch self {
        case .neverRun:
            "tmux-agent run --config hosts.yaml --policy policy.yaml; is it the same file and TMUX_AGENT_HOME?"
        case .noPane(_, let known):
            known.isEmpty ? "No pipeline has begun for any pane" : "Panes: \(known.joined(separator: ", "))"
        case .severalPanes(_, let known): "Name one of: \(known.joined(separator: ", "))"
        }
    }

    public var exitStatus: ExitStatus {
        switch self {
        case .neverRun: .unusableSettings
        case .noPane, .severalPanes: .notAchieved
        }
    }
}
