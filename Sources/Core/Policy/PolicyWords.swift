extension Marker {
    /// `marker STATUS ok stage 'lint'`.
    var policyWords: String {
        var words = "marker \(PolicyText.excerpt(type ?? "without a type"))"
        if let ok { words += ok ? " ok" : " not ok" }
        if let stage { words += " stage \(PolicyText.quoted(stage))" }
        return words
    }
}

extension GitHookEvent {
    var policyWords: String {
        var words = "git hook \(PolicyText.excerpt(name))"
        if let branch { words += " on \(PolicyText.excerpt(branch))" }
        return words
    }
}

extension Signal {
    /// The signal as one line of JSON with sorted keys: what a run keeps of the signal that began it.
    ///
    /// Written out by hand, because it is made for every run that a storm of events begins.
    var policyCause: String {
        var text = "{\"at\":\(at.milliseconds)"
        func add(_ key: String, _ value: JSONValue) {
            text += ",\"\(key)\":"
            value.write(to: &text, sorted: true)
        }
        switch body {
        case .marker(let marker, let source):
            add("marker", .object(marker.payload.object))
            add("source", .string(source))
        case .state(let state, let waitingFor, let exitStatus):
            if let exitStatus { add("exit_status", .integer(Int64(exitStatus))) }
            add("state", .string(state.rawValue))
            add("subject", .string(subject.key))
            if let waitingFor { add("waiting_for", .string(waitingFor.rawValue)) }
            return text + "}"
        case .line(let line): add("line", .string(line))
        case .named(let name, let payload):
            add("payload", .object(payload.object))
            add("signal", .string(name))
        case .gitHook(let event):
            if let branch = event.branch { add("branch", .string(branch)) }
            if let commit = event.commit { add("commit", .string(commit)) }
            add("git_hook", .string(event.name))
        }
        add("subject", .string(subject.key))
        return text + "}"
    }
}

extension ApprovalAnswer {
    /// `rejected by ana through cli: too early`.
    var policyWords: String {
        var words = decision == .approve ? "approved by " : "rejected by "
        words += PolicyText.excerpt(author)
        if through == "expiry" {
            words = decision == .approve ? "approved by expiry" : "nobody answered in time"
        }
        if let reason, !reason.isEmpty { words += ": \(PolicyText.excerpt(reason))" }
        return words
    }
}
