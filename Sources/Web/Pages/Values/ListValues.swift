internal import Core
internal import Store

extension PageValues {
    func journal() -> [[String: Any]] {
        let journal = JournalWords(words: words)
        return board.journal.map { row in
            let group = JournalWords.group(of: row.entry.kind)
            return [
                "element": "entry-\(row.id)", "kind": words["kind_\(group)"],
                "tone": JournalWords.tone(of: row.entry), "branch": row.branch?.visible ?? "",
                "at": PageWords.time(row.entry.at, form: "stamp"), "text": journal.text(of: row.entry),
            ]
        }
    }

    func notices() -> [[String: Any]] {
        board.notices.map { notice in
            let severity = notice.notice.severity
            var values: [String: Any] = [
                "element": "notice-\(HTMLText.identifier(notice.id))", "severity": severity.rawValue,
                "glyph": severity == .info ? "i" : "!", "word": words["severity_\(severity.rawValue)"],
                "title": title(of: notice).visible, "at": PageWords.time(notice.at, form: "age"),
                "deliveries": notice.deliveries.sorted { $0.key < $1.key }.map {
                    [
                        "channel": $0.key.visible, "state": $0.value,
                        "stateWord": words["delivery_\($0.value)"],
                    ]
                },
            ]
            let body = String(notice.notice.body.prefix(1000))
            if !body.isEmpty { values["body"] = body.visible(keepingNewlines: true) }
            values["branch"] = notice.branch?.visible
            return values
        }
    }

    /// What a person wrote stays as it is.
    private func title(of notice: BoardNotice) -> String {
        guard let (occasion, approval) = notice.question else { return notice.notice.title }
        let what =
            approval.purpose == .command
            ? words["notice_command"]
            : words.filled("notice_stage", ["stage": approval.stage, "pipeline": approval.pipeline])
        return words.filled("notice_\(occasion.rawValue)", ["what": what])
    }

    func policy() -> [String: Any] {
        var values: [String: Any] = [
            "noPolicy": board.policy.policy == nil && board.policy.problem == nil
        ]
        values["problem"] = board.policy.problem?.visible(keepingNewlines: true)
        guard let policy = board.policy.policy else { return values }
        values["hasPrinciples"] = !policy.principles.isEmpty
        values["principles"] = policy.principles.map(\.visible)
        values["pipelines"] = policy.pipelines.map { pipeline -> [String: Any] in
            var shown: [String: Any] = [
                "name": pipeline.name.visible,
                "stages": pipeline.stages.indices.map { stageRules(pipeline.stages, at: $0) },
            ]
            shown["match"] = pipeline.match?.words
            shown["startsOn"] = pipeline.startsOn.map { words.condition($0) }
            return shown
        }
        values["hasGates"] = !policy.gates.isEmpty
        values["gates"] = policy.gates.map { gate in
            words.filled(
                "gate_rule",
                [
                    "hook": gate.hook.visible, "branch": gate.branch.visible,
                    "stages": gate.require.map(\.visible).joined(separator: ", "),
                ])
        }
        return values
    }

    private func stageRules(_ stages: [Stage], at index: Int) -> [String: Any] {
        let stage = stages[index]
        var rules: [[String: String]] = []
        func add(_ key: String, _ text: String?) {
            guard let text, !text.isEmpty else { return }
            rules.append(["title": words[key], "text": text])
        }
        // Without a trigger a stage follows the one before it.
        let atOnce =
            index == 0
            ? words["rule_at_once"]
            : words.filled("rule_after", ["stage": stages[index - 1].name.visible])
        add("rule_starts", stage.triggers.map { words.condition($0) } ?? atOnce)
        add("rule_does", stage.actionsOnStart.map(\.words).joined(separator: " → "))
        add("rule_asks", stage.approval.flatMap { $0.prompt?.visible })
        add("rule_succeeds", stage.successWhen.map { words.condition($0) })
        add("rule_fails", stage.failWhen.map { words.condition($0) })
        add("rule_timeout", stage.timeout.map { DurationText.text($0) })
        var steps = stage.failure.steps.map { step in
            switch step {
            case .retry(let plan):
                words.filled(
                    plan.max == 1 ? "on_fail_retry_one" : "on_fail_retry",
                    ["count": "\(plan.max)", "time": DurationText.text(plan.backoff)])
            case .askHuman(let request):
                request.prompt.map { "\(words["on_fail_ask"]): \($0.visible)" } ?? words["on_fail_ask"]
            case .escalate(let code): words.filled("on_fail_escalate", ["code": code.visible])
            }
        }
        if stage.failure.continues { steps.append(words["on_fail_continue"]) }
        add("rule_on_fail", steps.joined(separator: " → "))
        return ["name": stage.name.visible, "rules": rules, "approval": stage.approval != nil]
    }
}
