public import Core

extension HostPane {
    /// `host:%3`, as people name a pane.
    public var name: String { "\(host):\(pane)" }
}

/// Finds a pane of `run` by the name that a person gives it.
public enum PaneNames {
    /// The pane of the newest run that `text` means: `%3`, or `host:%3`.
    ///
    /// A pane of an earlier life of a tmux server is meant only when no later one has the name.
    public static func find(_ text: String, among runs: [PipelineRun]) throws(PaneRecordsError) -> HostPane {
        var newest: [String: (pane: HostPane, at: Timestamp)] = [:]
        for run in runs {
            guard case .pane(let pane) = run.subject else { continue }
            if let known = newest[pane.name], known.at > run.startedAt { continue }
            newest[pane.name] = (pane, run.startedAt)
        }
        let fitting = newest.filter { $0.key == text || $0.value.pane.pane.description == text }
        let known = newest.keys.sorted()
        guard let first = fitting.first else { throw .noPane(text, known: known) }
        guard fitting.count == 1 else { throw .severalPanes(text, known: fitting.keys.sorted()) }
        return first.value.pane
    }
}
