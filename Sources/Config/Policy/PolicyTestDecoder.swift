internal import Core

/// Turns a document into table tests.
struct PolicyTestDecoder {
    let conditions: PolicyDecoder
    var problems: ProblemList { conditions.problems }
    var values: NodeDecoder { conditions.values }

    func file(_ root: DocumentNode) -> PolicyTestFile.Loaded {
        var loaded = PolicyTestFile.Loaded(policy: nil, tests: [])
        guard let keys = values.mapping(root, as: "the file of tests") else { return loaded }
        loaded.policy = keys.string("policy")
        let nodes = keys.array("tests") ?? []
        loaded.tests = nodes.compactMap(test)
        if nodes.isEmpty {
            problems.error(
                "there are no tests in the file", at: keys.entry("tests")?.keyPosition ?? root.position,
                suggestion: "Write 'tests:' and below it '- name: …' with 'steps:'")
        }
        keys.finish()
        return loaded
    }

    private func test(_ node: DocumentNode) -> PolicyTest? {
        guard let keys = values.mapping(node, as: "a test") else { return nil }
        let name = keys.requiredString("name")
        var test = PolicyTest(
            name: name ?? "", facts: Self.standardFacts,
            position: (keys.entry("name")?.value.position ?? node.position).inPolicy)
        if let subject = keys.mapping("subject") { facts(subject, into: &test.facts) }
        test.isClassic = keys.bool("classic") ?? false
        if let shell = keys.node("shell") { test.hands = hands(shell) }
        if keys.bool("by_hand") == true { test.hands.others = nil }
        test.steps = (keys.array("steps") ?? []).compactMap(step)
        if keys.node("steps") == nil {
            problems.error(
                "this test has no steps", at: keys.entry("steps")?.keyPosition ?? node.position,
                suggestion: "Add 'steps:' with at least one '- expect: …'")
        } else if !test.steps.contains(where: { $0.expected != nil }), let steps = keys.entry("steps") {
            problems.error(
                "this test expects nothing", at: steps.keyPosition,
                suggestion: "Add 'expect: { stages: { <stage>: COMPLETED } }' to a step")
        }
        keys.finish()
        return name == nil ? nil : test
    }

    private static let standardFacts = SubjectFacts(
        subject: .agent(AgentID("agent-test")), branch: "feature/test", session: "agent-feature-test",
        host: "local", windowName: "agent:feature-test", since: PolicyTest.start)

    private func facts(_ keys: MappingDecoder, into facts: inout SubjectFacts) {
        if let checkout: PipelineMatch.Entry.Checkout = keys.choice("checkout"), checkout == .main {
            facts = SubjectFacts(
                subject: .mainCheckout, branch: "main", host: "local", since: PolicyTest.start)
        }
        keys.string("branch").map { facts.branch = $0 }
        keys.string("template").map { facts.template = $0 }
        keys.string("agent").map { facts.agent = $0 }
        keys.string("session").map { facts.session = $0 }
        keys.string("host").map { facts.host = $0 }
        keys.string("window_name").map { facts.windowName = $0 }
        keys.string("pane_title").map { facts.paneTitle = $0 }
        keys.string("commit").map { facts.commit = $0 }
        keys.choice("agent_state").map { facts.state = $0 }
        keys.finish()
    }

    /// `shell: {"make lint": 0, "make test": [1, 0]}`: exit codes by command line, one after another.
    private func hands(_ node: DocumentNode) -> RehearsedHands {
        var hands = RehearsedHands()
        guard let entries = node.entries else {
            values.mismatch(
                node, "shell", takes: "command lines with their exit codes",
                suggestion: "Write {\"make test\": [1, 0]}, or {\"*\": 0} for all commands")
            return hands
        }
        for entry in entries {
            let endings = (entry.value.elements ?? [entry.value]).compactMap { node in
                values.integer(node, as: "shell", in: 0...255).map { RehearsedHands.Ending.exit(Int32($0)) }
            }
            if entry.key == "*" {
                hands.otherShell = endings.first
            } else {
                hands.endings[entry.key] = endings
            }
        }
        return hands
    }

    private func step(_ node: DocumentNode) -> PolicyTest.Step? {
        guard let keys = values.mapping(node, as: "a step") else { return nil }
        var step = PolicyTest.Step(position: node.position.inPolicy)
        if let at = keys.node("at").flatMap({ values.duration($0, as: "at") }) { step.time = .at(at) }
        if let after = keys.node("after").flatMap({ values.duration($0, as: "after") }) {
            if step.time != nil {
                problems.error(
                    "'at' and 'after' say the time twice",
                    at: keys.entry("after")?.keyPosition ?? node.position, suggestion: "Remove one of them")
            }
            step.time = .after(after)
        }
        step.input = input(keys)
        step.expected = keys.node("expect").flatMap(expectation)
        keys.finish()
        return step
    }

    /// Signals of one step mean one logical line; anything else stands alone.
    private func input(_ keys: MappingDecoder) -> PolicyTest.Input? {
        keys.accept(
            "line", "marker", "signal", "agent_state", "git_hook", "exit_code", "ended", "approve", "reject",
            "reset", "retry", "removed")
        let signals = (keys.node.entries ?? []).compactMap(signal)
        var inputs: [PolicyTest.Input] = signals.isEmpty ? [] : [.signals(signals)]
        for entry in keys.node.entries ?? [] where !entry.value.isNull {
            switch entry.key {
            case "exit_code":
                if let code = values.integer(entry.value, as: "exit_code", in: 0...255) {
                    inputs.append(.ended(.exit(Int32(code)), isShell: true))
                }
            case "ended":
                if let ending = ending(entry.value) { inputs.append(.ended(ending, isShell: false)) }
            case "approve": inputs.append(answer(.approve, entry.value))
            case "reject": inputs.append(answer(.reject, entry.value))
            case "reset", "retry": if let request = request(entry) { inputs.append(request) }
            case "removed": inputs.append(.removed)
            default: break
            }
        }
        if inputs.count > 1 {
            problems.error(
                "this step tells several things at once", at: keys.position,
                suggestion: "Make a step of each; only signals of one line of the screen belong together")
        }
        return inputs.first
    }
}
