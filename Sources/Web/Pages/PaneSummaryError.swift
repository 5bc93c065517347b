public import Core

/// Why there is no summary of a pane.
public enum PaneSummaryError: Error, Equatable {
    case noCommand
    case nothingPrinted(String)
    case tooSlow(Duration)
    case failed(exitCode: Int32, detail: String)
}

extension PaneSummaryError: UserFacingError {
    public var code: String {
        switch self {
        case .noCommand: "no_summary_command"
        case .nothingPrinted: "nothing_printed"
        case .tooSlow: "summary_too_slow"
        case .failed: "summary_failed"
        }
    }

    public var message: String {
        switch self {
        case .noCommand: "fleet.toml names no command that sums panes up"
        case .nothingPrinted(let name): "'\(name.visible)' has printed nothing yet"
        case .tooSlow(let limit): "The summary's command took longer than \(DurationText.text(limit))"
        case .failed(let code, let detail):
            "The summary's command ended with exit status \(code)\(detail.isEmpty ? "" : ": \(detail)")"
        }
    }

    public var hint: String? {
        switch self {
        case .noCommand:
            "Write 'command' below [summary], such as \"claude -p --output-format json 'Sum this up'\""
        case .nothingPrinted: nil
        case .tooSlow, .failed:
            "Try the command of [summary] in fleet.toml by hand; the text comes on standard input"
        }
    }
}
