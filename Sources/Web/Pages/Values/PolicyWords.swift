internal import Core

extension PipelineMatch {
    /// The entries as the policy file writes them, such as `branch: feature/*` and `template: qa`.
    var words: String {
        switch self {
        case .entry(let entry): entry.words
        case .any(let parts): parts.map(\.words).joined(separator: " | ")
        case .all(let parts): parts.map(\.words).joined(separator: " + ")
        }
    }
}

extension PipelineMatch.Entry {
    fileprivate var words: String {
        let keys: [(String, String?)] = [
            ("checkout", checkout?.rawValue), ("branch", branch), ("template", template), ("agent", agent),
            ("session", session), ("host", host), ("window_name", windowName?.expression),
            ("pane_title", paneTitle?.expression),
        ]
        return keys.compactMap { key, value in value.map { "\(key): \($0.visible)" } }
            .joined(separator: ", ")
    }
}

extension StageAction {
    /// The action as the policy file names it: `shell 'make test'`.
    var words: String {
        switch self {
        case .sendKeys(let text): "send_keys \(quoted(text))"
        case .keys(let keys): "keys \(keys.joined(separator: " ").visible)"
        case .shell(let command, _): "shell \(quoted(command))"
        case .notify(let notice): "notify \(quoted(notice.title))"
        case .emit(let name, _): "emit \(name.visible)"
        case .spawn(let branch, _, _): "spawn \(branch.visible)"
        }
    }

    private func quoted(_ text: String) -> String {
        let shown = text.visible
        return shown.count > 200 ? "'\(shown.prefix(199))…'" : "'\(shown)'"
    }
}
