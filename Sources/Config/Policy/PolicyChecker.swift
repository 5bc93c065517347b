internal import Core

/// Finds what is well written and still cannot work.
struct PolicyChecker {
    let file: String
    let context: PolicyFile.Context
    let problems: ProblemList

    func check(_ policy: Policy) {
        report(duplicates: policy.pipelines.map { ($0.name, $0.position) }, of: "pipeline")
        for pipeline in policy.pipelines {
            report(duplicates: pipeline.stages.map { ($0.name, $0.position) }, of: "stage")
            checkStart(of: pipeline)
            checkMainCheckout(pipeline)
            checkStages(of: pipeline)
            for entry in pipeline.match?.entries ?? [] {
                for pattern in [entry.windowName, entry.paneTitle] {
                    if let pattern { checkCost(of: pattern, at: entry.position) }
                }
            }
        }
        checkGates(policy)
        checkDialogs(policy)
        checkCircles(policy)
    }

    func place(_ position: PolicyPosition) -> SourcePosition {
        SourcePosition(file: file, line: position.line, column: position.column)
    }

    func shown(_ text: String) -> String { "'\(ConfigurationProblem.visible(text))'" }

    private func report(duplicates names: [(name: String, position: PolicyPosition)], of what: String) {
        var first: [String: PolicyPosition] = [:]
        for (name, position) in names {
            if let earlier = first[name] {
                problems.error(
                    "there are two \(what)s named \(shown(name)); the first is in line \(earlier.line)",
                    at: place(position), suggestion: "Give one of them another name")
            } else {
                first[name] = position
            }
        }
    }

    private func checkStart(of pipeline: Pipeline) {
        if let condition = pipeline.startsOn { checkOneEvent(condition) }
        for (test, position) in pipeline.startsOn?.tests ?? [] {
            switch test {
            case .afterStageSuccess:
                problems.error(
                    "'after_stage_success' cannot begin a run: stages belong to a run", at: place(position),
                    suggestion: "End the other pipeline with '- emit: <name>' and write 'signal: <name>' here"
                )
            case .exitCode:
                problems.error(
                    "'exit_code' cannot begin a run: it is that of a stage's own shell action",
                    at: place(position),
                    suggestion: "Put it under 'success_when' of the stage with the action")
            case .logRegex(let pattern): checkCost(of: pattern, at: position)
            case .messageType, .marker, .agentState, .gitHook, .signal, .after: break
            }
        }
    }

    /// Runs remember nothing before they begin: parts of an `all_of` that no one event satisfies never begin one.
    private func checkOneEvent(_ condition: Condition) {
        guard case .all(let parts) = condition else { return }
        let tests = parts.flatMap { part -> [(test: Condition.Test, position: PolicyPosition)] in
            if case .test = part { part.tests } else { [] }
        }
        for (index, part) in tests.enumerated() {
            guard let other = tests[..<index].first(where: { !$0.test.canShareEvent(with: part.test) }) else {
                continue
            }
            problems.warning(
                "no one event is both \(shown(other.test.words)) and \(shown(part.test.words)), so no run can begin",
                at: place(part.position),
                suggestion: "Begin on one of them, and write the other under 'triggers' of the first stage")
        }
    }

    /// The main checkout has no pane to type into.
    private func checkMainCheckout(_ pipeline: Pipeline) {
        guard pipeline.typesIntoPane else { return }
        for entry in pipeline.match?.entries ?? [] {
            let isNamed = entry.checkout == .main
            // Git lets no second worktree have the main checkout's branch, so no agent can be meant.
            let isItsBranch =
                entry.checkout == nil && !entry.needsPane && entry.branch != nil
                && entry.branch == context.mainBranch
            guard isNamed || isItsBranch else { continue }
            problems.error(
                "pipeline \(shown(pipeline.name)) is for the main checkout, which has no pane for 'send_keys' and 'keys'",
                at: place(entry.position),
                suggestion: "Use 'shell', or match agents by a glob such as 'branch: \"feature/*\"'")
        }
    }

    private func checkGates(_ policy: Policy) {
        let stages = policy.pipelines.flatMap { $0.stages.map(\.name) }
        for gate in policy.gates {
            for name in gate.require where !stages.contains(name) {
                problems.error(
                    "this gate requires stage \(shown(name)), which no pipeline has",
                    at: place(gate.position),
                    suggestion: didYouMean(name, among: stages).map { "Did you mean '\($0)'?" }
                        ?? "Name a stage of this file, or add one of that name to a pipeline")
            }
        }
    }

    private func checkDialogs(_ policy: Policy) {
        guard !policy.dialogs.isEmpty else { return }
        // The built-in rules are read by a test: they cannot fail here.
        let known = context.dialogs ?? (try? DetectionFile.builtIn().flatMap(\.dialogIDs)) ?? []
        for dialog in policy.dialogs where !known.contains(where: { Glob.branch(dialog.rule).matches($0) }) {
            problems.error(
                "no detection rule recognises a dialog \(shown(dialog.rule))", at: place(dialog.position),
                suggestion: didYouMean(dialog.rule, among: known).map { "Did you mean '\($0)'?" }
                    ?? "Known dialogs: \(known.joined(separator: ", "))")
        }
    }

    func checkCost(of pattern: Pattern, at position: PolicyPosition) {
        guard let problem = PatternCost.problem(with: pattern) else { return }
        problems.error(problem.message, at: place(position), suggestion: problem.suggestion)
    }
}

extension Condition.Test {
    /// Whether one event can satisfy both; a marker comes with the line that it stands on.
    fileprivate func canShareEvent(with other: Condition.Test) -> Bool {
        switch (self, other) {
        case (.after, _), (_, .after), (.logRegex, .logRegex), (.marker, .marker): true
        case (.logRegex, .marker), (.logRegex, .messageType), (.marker, .logRegex): true
        case (.marker, .messageType), (.messageType, .logRegex), (.messageType, .marker): true
        case (.signal(let one), .signal(let two)), (.messageType(let one), .messageType(let two)): one == two
        case (.gitHook(let one), .gitHook(let two)): one.name == two.name
        case (.agentState(let one), .agentState(let two)): one == two
        // Said by themselves: they begin no run.
        case (.afterStageSuccess, _), (.exitCode, _), (_, .afterStageSuccess), (_, .exitCode): true
        default: false
        }
    }
}
