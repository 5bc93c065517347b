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
    /// The signal as one line of JSON: what a run keeps of the signal that began it.
    var policyCause: String {
        var object: JSONObject = ["subject": .string(subject.key), "at": .integer(at.milliseconds)]
        switch body {
        case .marker(let marker, let source):
            object["marker"] = .object(marker.payload.object)
            object["source"] = .string(source)
        case .state(let state, let waitingFor, let exitStatus):
            object["state"] = .string(state.rawValue)
            if let waitingFor { object["waiting_for"] = .string(waitingFor.rawValue) }
            if let exitStatus { object["exit_status"] = .integer(Int64(exitStatus)) }
        case .line(let line): object["line"] = .string(line)
        case .named(let name, let payload):
            object["signal"] = .string(name)
            object["payload"] = .object(payload.object)
        case .gitHook(let event):
            object["git_hook"] = .string(event.name)
            if let branch = event.branch { object["branch"] = .string(branch) }
            if let commit = event.commit { object["commit"] = .string(commit) }
        }
        return JSONValue.object(object).serialized(sorted: true)
    }
}

extension ApprovalAnswer {
    /// `rejected by ana through cli: too early`.
    var policyWords: String {
        var words = decision == .approve ? "approved by " : "rejected by "
        words += "\(PolicyText.excerpt(by)) through \(PolicyText.excerpt(through))"
        if through == "expiry" {
            words = decision == .approve ? "approved by expiry" : "nobody answered in time"
        }
        if let reason, !reason.isEmpty { words += ": \(PolicyText.excerpt(reason))" }
        return words
    }
}
