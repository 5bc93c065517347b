internal import Core

// Conditions: a list means any_of, and several keys of one entry are alternatives.
extension PolicyDecoder {
    static let gitHooks = ["post-commit", "post-merge", "post-checkout", "post-rewrite"]

    /// Nil, with a warning or an error, when nothing usable stands there.
    func condition(_ node: DocumentNode, as name: String) -> Condition? {
        if let elements = node.elements { return group(elements, node, name).map(Condition.any) }
        guard let keys = values.mapping(node, as: name) else { return nil }
        var parts: [Condition] = []
        if let any = keys.array("any_of"), let list = group(any, keys.node("any_of") ?? node, "any_of") {
            parts.append(.any(list))
        }
        if let all = keys.array("all_of"), let list = group(all, keys.node("all_of") ?? node, "all_of") {
            parts.append(.all(list))
        }
        parts += tests(keys)
        keys.finish()
        if node.entries?.isEmpty != false { warnEmpty(node, name) }
        guard let first = parts.first else { return nil }
        return parts.count == 1 ? first : .any(parts)
    }

    private func group(_ elements: [DocumentNode], _ node: DocumentNode, _ name: String) -> [Condition]? {
        if elements.isEmpty { warnEmpty(node, name) }
        let parts = elements.compactMap { condition($0, as: name) }
        return parts.isEmpty ? nil : parts
    }

    private func warnEmpty(_ node: DocumentNode, _ name: String) {
        problems.warning(
            "'\(name)' is empty and means as much as leaving it out", at: node.position,
            suggestion: "Remove it, or write a condition")
    }

    private func tests(_ keys: MappingDecoder) -> [Condition] {
        var parts: [Condition] = []
        func add(_ key: String, _ decode: (DocumentNode) -> Condition.Test?) {
            guard let node = keys.node(key), let test = decode(node) else { return }
            parts.append(.test(test, at: node.position.inPolicy))
        }
        add("log_regex") { pattern($0, as: "log_regex").map(Condition.Test.logRegex) }
        add("message_type") { word($0, as: "message_type").map(Condition.Test.messageType) }
        add("after_stage_success") {
            word($0, as: "after_stage_success").map(Condition.Test.afterStageSuccess)
        }
        add("marker", marker)
        add("exit_code") { values.integer($0, as: "exit_code", in: 0...255).map { .exitCode(Int32($0)) } }
        add("agent_state") { values.choice($0, as: "agent_state").map(Condition.Test.agentState) }
        add("git_hook", gitHook)
        add("signal", signal)
        add("after") { positiveDuration($0, as: "after").map(Condition.Test.after) }
        return parts
    }

    func word(_ node: DocumentNode, as name: String) -> String? {
        guard let text = values.string(node, as: name) else { return nil }
        guard !text.isEmpty else {
            problems.error(
                "'\(name)' is empty", at: node.position, suggestion: "Write a text, or remove '\(name)'")
            return nil
        }
        return text
    }

    private func marker(_ node: DocumentNode) -> Condition.Test? {
        if case .string(let type) = node.value, !type.isEmpty {
            return .marker([Condition.MarkerField("type", .string(type))])
        }
        guard let entries = node.entries, !entries.isEmpty else {
            values.mismatch(
                node, "marker", takes: "keys of a marker with their values",
                suggestion: "Write {type: STATUS, ok: true}")
            return nil
        }
        return .marker(entries.map { Condition.MarkerField($0.key, $0.value.json) })
    }

    private func gitHook(_ node: DocumentNode) -> Condition.Test? {
        guard node.entries != nil else {
            return hookName(node).map { .gitHook(Condition.GitHookFilter(name: $0)) }
        }
        guard let keys = values.mapping(node, as: "git_hook") else { return nil }
        let name = keys.node("name").flatMap(hookName)
        if !keys.contains("name") {
            problems.error("git_hook has no 'name'", at: node.position, suggestion: "Add 'name: post-commit'")
        }
        let branch = keys.string("branch")
        let paths = keys.strings("paths") ?? []
        keys.finish()
        return name.map { .gitHook(Condition.GitHookFilter(name: $0, branch: branch, paths: paths)) }
    }

    func hookName(_ node: DocumentNode) -> String? {
        guard let name = word(node, as: "git_hook") else { return nil }
        guard Self.gitHooks.contains(name) else {
            values.unknown(name, what: "'git_hook' cannot be", among: Self.gitHooks, at: node.position)
            return nil
        }
        return name
    }

    private func signal(_ node: DocumentNode) -> Condition.Test? {
        guard let name = word(node, as: "signal") else { return nil }
        if name.contains(where: \.isUppercase) {
            problems.error(
                "the signal '\(ConfigurationProblem.visible(name))' can never come: names of signals are in lower case",
                at: node.position,
                suggestion: "Write 'signal: \(name.lowercased())', or 'message_type: \(name)' for a marker")
        }
        return .signal(name)
    }

    /// A duration over nothing.
    func positiveDuration(_ node: DocumentNode, as name: String) -> Duration? {
        if node.text.hasPrefix("-") {
            problems.error(
                "'\(name)' cannot be negative", at: node.position,
                suggestion: "Write a duration such as 5s or 10m")
            return nil
        }
        guard let duration = values.duration(node, as: name) else { return nil }
        guard duration > .zero else {
            problems.error(
                "'\(name)' must be longer than nothing", at: node.position,
                suggestion: "Remove it, or write a duration such as 5s or 10m")
            return nil
        }
        return duration
    }
}
