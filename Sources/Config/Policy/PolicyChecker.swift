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
                    at: place(position))
            case .logRegex(let pattern): checkCost(of: pattern, at: position)
            case .messageType, .marker, .agentState, .gitHook, .signal, .after: break
            }
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
                    suggestion: didYouMean(name, among: stages).map { "Did you mean '\($0)'?" })
            }
        }
    }

    /// Tries the expression on lines that make careless ones explode.
    func checkCost(of pattern: Pattern, at position: PolicyPosition) {
        for line in Self.trialLines(for: pattern.expression) where pattern.search(line) == .limitExceeded {
            problems.error(
                "the regular expression \(shown(pattern.expression)) needs far too many steps on a line such as "
                    + "\(shown(String(line.prefix(12)) + "…"))",
                at: place(position),
                suggestion:
                    "Do not repeat what repeats itself, as in (a+)+; most expressions need no '.*' at their ends"
            )
            return
        }
    }

    /// Long runs of what the expression itself speaks of, with an end that makes the match fail.
    ///
    /// Forty characters tell exponential growth (over 10^12 steps) from a plain product of lengths.
    private static func trialLines(for expression: String) -> [String] {
        let letters = expression.unicodeScalars.filter {
            $0.properties.isAlphabetic || $0.properties.numericType != nil
        }
        let marks = expression.unicodeScalars.filter { " -_=.,:/#*".unicodeScalars.contains($0) }
        var seeds = ["a", "0", " ", "ab", "a ", "0a", "x-", "\t", "a,", "/a"]
        var known = Set(seeds)
        for scalar in (letters + marks) where seeds.count < 40 && known.insert(String(scalar)).inserted {
            seeds.append(String(scalar))
        }
        // Without the letters that a match ends in, the library would not even begin to search.
        let needed = "\u{1}" + Set(letters + marks).sorted().map { String($0) }.joined(separator: "\u{1}")
        return seeds.flatMap { seed in
            let run = String(repeating: seed, count: 40 / seed.unicodeScalars.count)
            return [run + "\u{1}", run + "!", run + needed]
        }
    }
}
