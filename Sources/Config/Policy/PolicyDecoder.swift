internal import Core

/// Turns a document into a policy; what does not fit is reported, and the rest is still decoded.
struct PolicyDecoder {
    let problems: ProblemList
    var values: NodeDecoder { NodeDecoder(problems: problems) }

    func policy(_ root: DocumentNode) -> Policy {
        guard !root.isNull, let keys = values.mapping(root, as: "the policy") else {
            if root.isNull {
                problems.error(
                    "the policy is empty", at: root.position, suggestion: "Write 'pipelines: []' for none")
            }
            return Policy(pipelines: [])
        }
        let principles = keys.strings("principles") ?? []
        let pipelines = (keys.array("pipelines") ?? []).compactMap(pipeline)
        if keys.entry("pipelines") == nil {
            problems.error(
                "the policy has no 'pipelines'", at: root.position,
                suggestion: "Write 'pipelines: []' for none")
        }
        let dialogs = (keys.array("dialogs") ?? []).compactMap(dialog)
        let gates = (keys.array("gates") ?? []).compactMap(gate)
        keys.finish()
        return Policy(principles: principles, pipelines: pipelines, dialogs: dialogs, gates: gates)
    }

    private func pipeline(_ node: DocumentNode) -> Pipeline? {
        guard let keys = values.mapping(node, as: "a pipeline") else { return nil }
        let name = keys.requiredString("name")
        let position = keys.entry("name")?.value.position ?? node.position
        let label = name.map { "pipeline '\(ConfigurationProblem.visible($0))'" } ?? "this pipeline"
        let stages = (keys.array("stages") ?? []).compactMap(stage)
        if !keys.contains("stages") || keys.node("stages")?.elements?.isEmpty == true {
            problems.error(
                "\(label) has no stages", at: keys.entry("stages")?.keyPosition ?? position,
                suggestion: "Add 'stages:' with at least one '- name: …'")
        }
        let pipeline = Pipeline(
            name: name ?? "", match: keys.node("match").flatMap(match),
            startsOn: keys.node("starts_on").flatMap { condition($0, as: "starts_on") },
            whenBusy: keys.choice("when_busy") ?? .queue, isRecursive: keys.bool("recursive") ?? false,
            stages: stages, position: position.inPolicy)
        if pipeline.startsOn == nil, keys.node("starts_on") == nil {
            for key in ["when_busy", "recursive"] where keys.contains(key) {
                problems.warning(
                    "'\(key)' does nothing here, because \(label) has no 'starts_on' and runs once",
                    at: keys.entry(key)?.keyPosition ?? position)
            }
        }
        keys.finish()
        return name == nil ? nil : pipeline
    }

    private func dialog(_ node: DocumentNode) -> DialogRule? {
        guard let keys = values.mapping(node, as: "a dialog rule") else { return nil }
        let rule = keys.requiredString("rule")
        let option = keys.requiredString("option")
        var match = keys.node("match").flatMap(match)
        if let branch = keys.string("branch") {
            if match != nil {
                problems.error(
                    "this dialog rule has both 'branch' and 'match'",
                    at: keys.entry("branch")?.keyPosition ?? node.position,
                    suggestion: "Write the branch into 'match'")
            }
            match = .entry(.init(branch: branch, position: node.position.inPolicy))
        }
        keys.finish()
        guard let rule, let option else { return nil }
        let position = keys.node("rule")?.position ?? node.position
        return DialogRule(rule: rule, option: option, match: match, position: position.inPolicy)
    }

    private func gate(_ node: DocumentNode) -> Gate? {
        guard let keys = values.mapping(node, as: "a gate") else { return nil }
        let hook = keys.requiredString("hook")
        let branch = keys.string("branch") ?? "*"
        let require = keys.strings("require") ?? []
        if require.isEmpty {
            problems.error(
                "this gate requires nothing", at: keys.entry("require")?.keyPosition ?? node.position,
                suggestion: "Write 'require: [<stage>, …]'")
        }
        if let hook, hook != "pre-push" {
            values.unknown(
                hook, what: "a gate cannot be on", among: ["pre-push"],
                at: keys.node("hook")?.position ?? node.position)
        }
        keys.finish()
        guard let hook else { return nil }
        let position = keys.node("require")?.position ?? node.position
        return Gate(hook: hook, branch: branch, require: require, position: position.inPolicy)
    }

    // MARK: - match

    private func match(_ node: DocumentNode) -> PipelineMatch? {
        if let elements = node.elements { return .any(elements.compactMap(match)) }
        guard let keys = values.mapping(node, as: "match") else { return nil }
        var parts: [PipelineMatch] = []
        if let any = keys.array("any_of") { parts.append(.any(any.compactMap(match))) }
        if let all = keys.array("all_of") { parts.append(.all(all.compactMap(match))) }
        let entry = PipelineMatch.Entry(
            windowName: pattern(keys, "window_name"), paneTitle: pattern(keys, "pane_title"),
            branch: keys.string("branch"), template: keys.string("template"), agent: keys.string("agent"),
            session: keys.string("session"), host: keys.string("host"), checkout: keys.choice("checkout"),
            position: node.position.inPolicy)
        keys.finish()
        if parts.isEmpty {
            if node.entries?.isEmpty != false {
                problems.warning("this 'match' is empty and fits everything", at: node.position)
            }
            return .entry(entry)
        }
        let bare = PipelineMatch.Entry(position: entry.position)
        if entry != bare { parts.append(.entry(entry)) }
        return parts.count == 1 ? parts[0] : .all(parts)
    }

    func pattern(_ keys: MappingDecoder, _ key: String) -> Pattern? {
        keys.node(key).flatMap { pattern($0, as: key) }
    }

    /// A regular expression; a mistake is reported at its place inside the expression.
    func pattern(_ node: DocumentNode, as name: String) -> Pattern? {
        guard let expression = values.string(node, as: name) else { return nil }
        do throws(PatternError) {
            return try Pattern(expression)
        } catch {
            guard case .invalid(_, let offset, let reason) = error else {
                problems.error(
                    "the regular expression of '\(name)' cannot be used: \(error.message)", at: node.position,
                    suggestion: "Write a shorter one")
                return nil
            }
            let before = String(decoding: expression.utf8.prefix(offset), as: UTF8.self)
            let count = before.unicodeScalars.count
            // Where the text was written with escapes or over several lines, its characters stand elsewhere.
            let isAsWritten = !before.contains { "\\\"'\n".contains($0) }
            let shift = isAsWritten ? count + (node.style == .quoted ? 1 : 0) : 0
            problems.add(
                ConfigurationProblem(
                    at: node.position.moved(by: shift),
                    "the regular expression of '\(name)' is wrong at character \(count + 1): \(reason)",
                    suggestion: error.hint))
            return nil
        }
    }
}
