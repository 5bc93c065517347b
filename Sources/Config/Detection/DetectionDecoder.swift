internal import Core

/// Turns a document of rules into values, with every problem at its place.
struct DetectionDecoder {
    let problems: ProblemList
    let checksCost: Bool

    func decode(_ root: DocumentNode) -> DetectionFile.Contents {
        let empty = DetectionRules(
            kind: AgentKind(""), seenOn: "", programs: [], ready: .init(), rules: [], composer: nil,
            dialogs: [])
        guard let map = NodeDecoder(problems: problems).mapping(root, as: "detection rules") else {
            return .init(rules: empty, without: [])
        }
        let without = map.array("without") ?? []
        let rules = DetectionRules(
            kind: AgentKind(map.requiredString("kind") ?? ""), seenOn: map.string("seen_on") ?? "",
            programs: map.strings("programs") ?? [],
            ready: map.mapping("ready").map { conditions($0, region: nil, isWhole: true) } ?? .init(),
            rules: list(map, "rules").compactMap(rule),
            composer: map.mapping("composer").flatMap(composer),
            dialogs: list(map, "dialogs").compactMap(dialog))
        map.finish()
        reportDuplicates(of: map, "rules", "rule")
        reportDuplicates(of: map, "dialogs", "dialog")
        return .init(
            rules: rules,
            without: without.compactMap { node in
                NodeDecoder(problems: problems).string(node, as: "without").map {
                    .init(text: $0, position: node.position)
                }
            })
    }

    private func list(_ map: MappingDecoder, _ key: String) -> [DocumentNode] {
        let elements = map.array(key) ?? []
        if elements.count > DetectionFile.mostRules {
            problems.error(
                "there are \(elements.count) \(key), and at most \(DetectionFile.mostRules) are tried",
                at: map.node(key)?.position ?? map.position, suggestion: "Remove those that match nothing")
        }
        return Array(elements.prefix(DetectionFile.mostRules))
    }

    /// Files replace rules by name, so a name must mean one.
    private func reportDuplicates(of map: MappingDecoder, _ key: String, _ what: String) {
        var seen: [String: SourcePosition] = [:]
        for element in map.node(key)?.elements ?? [] {
            guard let entry = element.entries?.first(where: { $0.key == "name" }) else { continue }
            if let first = seen[entry.value.text] {
                problems.error(
                    "there are two \(what)s named '\(ConfigurationProblem.visible(entry.value.text))'; the first is in line \(first.line)",
                    at: entry.value.position, suggestion: "Give one of them another name")
            } else {
                seen[entry.value.text] = entry.value.position
            }
        }
    }

    private func rule(_ node: DocumentNode) -> DetectionRules.Rule? {
        guard let map = NodeDecoder(problems: problems).mapping(node, as: "a rule") else { return nil }
        let region: ScreenView.Region? = map.choice("region")
        let name = map.requiredString("name") ?? ""
        guard let state: AgentState = map.choice("state") else {
            if !map.contains("state") {
                problems.error(
                    "rule '\(name.visible)' has no 'state'", at: node.position, suggestion: "Add 'state'")
            }
            return nil
        }
        let rule = DetectionRules.Rule(
            name: name, state: state, waitingFor: map.choice("waiting_for"),
            priority: map.integer("priority", in: 0...1000) ?? 0,
            conditions: conditions(map, region: region, isWhole: false))
        map.finish()
        if rule.waitingFor != nil, rule.state != .waiting {
            problems.error(
                "rule '\(name.visible)' says what is waited for, but its state is '\(rule.state.rawValue)'",
                at: map.entry("waiting_for")?.keyPosition ?? node.position,
                suggestion: "Write 'state: waiting', or leave 'waiting_for' out")
        }
        if rule.conditions.isEmpty {
            problems.error(
                "rule '\(name.visible)' has no condition", at: node.position,
                suggestion: "Add 'all', 'any' or 'none' with regular expressions")
        }
        return rule
    }

    private func dialog(_ node: DocumentNode) -> DetectionRules.Dialog? {
        guard let map = NodeDecoder(problems: problems).mapping(node, as: "a dialog") else { return nil }
        let region: ScreenView.Region? = map.choice("region")
        let name = map.requiredString("name") ?? ""
        let waitingFor: WaitingFor = map.choice("waiting_for") ?? .question
        let accept = map.node("accept").flatMap { pattern($0, "accept") }
        let dialog = DetectionRules.Dialog(
            name: name, waitingFor: waitingFor, conditions: conditions(map, region: region, isWhole: false),
            accept: accept)
        map.finish()
        if dialog.conditions.isEmpty {
            problems.error(
                "dialog '\(name.visible)' has no condition", at: node.position,
                suggestion: "Add 'all', 'any' or 'none' with regular expressions")
        }
        return dialog
    }

    private func composer(_ map: MappingDecoder) -> DetectionRules.Composer? {
        let region: ScreenView.Region = map.choice("region") ?? .promptBox
        let row = map.node("row").flatMap { pattern($0, "row") }
        let empty = map.node("empty").flatMap { pattern($0, "empty") }
        map.finish()
        guard let row, let empty else {
            if !problems.hasErrors {
                problems.error(
                    "the composer needs 'row' and 'empty'", at: map.position,
                    suggestion: "Write both with a regular expression, or remove 'composer'")
            }
            return nil
        }
        return DetectionRules.Composer(row: .init(region: region, pattern: row), empty: empty)
    }

    /// `isWhole`: the mapping holds nothing but conditions.
    private func conditions(
        _ map: MappingDecoder, region: ScreenView.Region?, isWhole: Bool
    ) -> DetectionRules.Conditions {
        let conditions = DetectionRules.Conditions(
            all: list(map, "all", region), any: list(map, "any", region), none: list(map, "none", region))
        if isWhole { map.finish() }
        return conditions
    }

    private func list(
        _ map: MappingDecoder, _ key: String, _ region: ScreenView.Region?
    ) -> [DetectionRules.Condition] {
        (map.array(key) ?? []).compactMap { condition($0, key, region) }
    }

    /// An expression for the rule's region, or `region: expression`.
    private func condition(
        _ node: DocumentNode, _ key: String, _ region: ScreenView.Region?
    ) -> DetectionRules.Condition? {
        guard let entries = node.entries else {
            return pattern(node, key).map { .init(region: region ?? .screen, pattern: $0) }
        }
        guard entries.count == 1, let entry = entries.first else {
            problems.error(
                "a condition is one expression, or one region with one expression", at: node.position,
                suggestion: "Make an item of each")
            return nil
        }
        guard let named = ScreenView.Region(rawValue: entry.key) else {
            NodeDecoder(problems: problems).unknown(
                entry.key, what: "there is no region", among: ScreenView.Region.allCases.map(\.rawValue),
                at: entry.keyPosition)
            return nil
        }
        return pattern(entry.value, entry.key).map { .init(region: named, pattern: $0) }
    }

    private func pattern(_ node: DocumentNode, _ name: String) -> Pattern? {
        guard let text = NodeDecoder(problems: problems).string(node, as: name) else { return nil }
        do {
            let pattern = try Pattern(text)
            if checksCost, let problem = PatternCost.problem(with: pattern) {
                problems.error(problem.message, at: node.position, suggestion: problem.suggestion)
            }
            return pattern
        } catch {
            problems.error(error, at: node.position)
            return nil
        }
    }
}
