public import Core

/// Reads detection rules: those built into the binary, and users' files that replace them kind by kind.
public enum DetectionFile {
    /// The rules that are built in, by kind.
    public static func builtIn() throws(ConfigurationError) -> [DetectionRules] {
        var rules: [DetectionRules] = []
        for name in EmbeddedFile.names(below: "rules/") {
            guard let text = EmbeddedFile.text(named: name) else { continue }
            rules.append(try decode(Array(text.utf8), file: name).value)
        }
        return rules
    }

    /// Decodes one file's bytes.
    public static func decode(
        _ bytes: some Collection<UInt8>, file: String
    ) throws(ConfigurationError) -> Decoded<DetectionRules> {
        let root = try YAMLReader.read(bytes: bytes, file: file)
        let problems = ProblemList()
        let rules = DetectionDecoder(problems: problems).decode(root)
        try problems.throwErrors(of: file)
        return Decoded(rules, warnings: problems.warnings)
    }

    /// The kind whose rules name `program`, a path or a bare name.
    public static func kind(ofProgram program: String, among rules: [DetectionRules]) -> AgentKind? {
        let name = program.split(separator: "/").last.map { String($0) } ?? program
        return rules.first { $0.programs.contains(name) }?.kind
    }
}

/// Turns a document of rules into values, with every problem at its place.
private struct DetectionDecoder {
    let problems: ProblemList

    func decode(_ root: DocumentNode) -> DetectionRules {
        let empty = DetectionRules(
            kind: AgentKind(""), seenOn: "", programs: [], ready: .init(), rules: [], composer: nil,
            dialogs: [])
        guard let map = NodeDecoder(problems: problems).mapping(root, as: "detection rules") else {
            return empty
        }
        let rules = DetectionRules(
            kind: AgentKind(map.requiredString("kind") ?? ""), seenOn: map.string("seen_on") ?? "",
            programs: map.strings("programs") ?? [],
            ready: map.mapping("ready").map { conditions($0, region: nil, isWhole: true) } ?? .init(),
            rules: (map.array("rules") ?? []).compactMap(rule),
            composer: map.mapping("composer").flatMap(composer),
            dialogs: (map.array("dialogs") ?? []).compactMap(dialog))
        map.finish()
        return rules
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
        return dialog
    }

    private func composer(_ map: MappingDecoder) -> DetectionRules.Composer? {
        let region: ScreenView.Region = map.choice("region") ?? .promptBox
        let row = map.node("row").flatMap { pattern($0, "row") }
        let empty = map.node("empty").flatMap { pattern($0, "empty") }
        map.finish()
        guard let row, let empty else {
            if !problems.hasErrors {
                problems.error("the composer needs 'row' and 'empty'", at: map.position)
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
                "a condition is one expression, or one region with one expression", at: node.position)
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
            return try Pattern(text)
        } catch {
            problems.error(error.message, at: node.position, suggestion: error.hint)
            return nil
        }
    }
}
