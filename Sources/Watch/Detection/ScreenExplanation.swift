public import Core

/// Why a screen is judged as it is: every rule that was tried, and what its conditions found on which rows.
public struct ScreenExplanation: Sendable {
    public var kind: AgentKind
    public var seenOn: String
    public var trials: [DetectionTrial]
    public var dialog: DetectedDialog?
    /// The rows of each region, from 0; regions that are empty, and the title, are left out.
    public var regions: [(region: ScreenView.Region, rows: Range<Int>)]
    public var detection: Detection

    public init(_ view: ScreenView, rules: DetectionRules) {
        kind = rules.kind
        seenOn = rules.seenOn
        trials = rules.trials(on: view)
        dialog = rules.dialog(view)
        detection = rules.judge(view)
        regions = view.filledRegions
    }

    /// One sentence: which rule decided, or why none did.
    public var verdict: String {
        guard let first = trials.first(where: \.holds) else {
            return "no rule holds, and the screen is \(detection.state == .starting ? "blank" : "not blank")"
        }
        let others = trials.filter { $0.holds && $0.rule != first.rule }.map {
            "'\($0.rule)' (\($0.priority))"
        }
        return "'\(first.rule)' has the highest priority (\(first.priority)) of the rules that hold"
            + (others.isEmpty ? "" : ", before \(others.joined(separator: ", "))")
    }

    public var json: JSONValue {
        var object: JSONObject = [
            "kind": .string(kind.rawValue), "seen_on": .string(seenOn), "verdict": .string(verdict),
            "rules": .array(trials.map(\.json)),
        ]
        object["regions"] = .object(
            regions.reduce(into: JSONObject()) { regions, entry in
                regions[entry.region.rawValue] = [
                    .integer(Int64(entry.rows.lowerBound)), .integer(Int64(entry.rows.upperBound - 1)),
                ]
            })
        object["dialog"] = dialog?.json ?? .null
        return .object(object)
    }

    /// For a person, rows counted from 0 as in the JSON.
    public var lines: [String] {
        let places = regions.map { "\($0.region.rawValue) \($0.rows.lowerBound)-\($0.rows.upperBound - 1)" }
        var lines = ["rows: \(places.joined(separator: ", "))"]
        for trial in trials {
            let goal = trial.waitingFor.map { " for \($0.rawValue)" } ?? ""
            let mark = trial.holds ? "holds" : "no   "
            lines.append("\(mark)  \(trial.rule): \(trial.state.rawValue)\(goal), priority \(trial.priority)")
            let shown = trial.holds ? trial.findings.filter(\.isFound) : trial.obstacles
            lines += shown.map { "         \($0.described)" }
        }
        if let dialog {
            lines.append("dialog \(dialog.rule), waits for \(dialog.waitingFor.rawValue)")
            lines += dialog.options.map { option in
                let before = option.number.map { "\($0). " } ?? option.key.map { "(\($0)) " } ?? ""
                return "       \(option.isSelected ? ">" : " ") \(before)\(option.label)"
            }
        }
        return lines + [verdict]
    }
}

extension DetectionTrial {
    fileprivate var json: JSONValue {
        [
            "rule": .string(rule), "state": .string(state.rawValue),
            "waiting_for": waitingFor.map { .string($0.rawValue) } ?? .null,
            "priority": .integer(Int64(priority)), "holds": .bool(holds),
            "conditions": .array(findings.map(\.json)),
        ]
    }
}

extension DetectionTrial.Finding {
    fileprivate var json: JSONValue {
        var object: JSONObject = [
            "group": .string(group.rawValue), "region": .string(region.rawValue),
            "expression": .string(expression), "found": .bool(isFound), "row": .null, "text": .null,
        ]
        if case .found(let evidence) = outcome {
            object["row"] = evidence.row.map { .integer(Int64($0)) } ?? .null
            object["text"] = .string(evidence.text)
        }
        object["too_costly"] = .bool(outcome == .tooCostly)
        return .object(object)
    }

    fileprivate var described: String {
        let wanted = group == .none ? "must not be there" : group == .any ? "one of several" : "must be there"
        switch outcome {
        case .found(let evidence): return "\(evidence.description) found by \(expression) (\(wanted))"
        case .absent: return "\(region.rawValue): \(expression) is not there (\(wanted))"
        case .tooCostly: return "\(region.rawValue): \(expression) needs too many steps on this screen"
        }
    }
}

extension DetectedDialog {
    /// As `inspect --explain` and the journal show it.
    public var json: JSONValue {
        [
            "rule": .string(rule), "waiting_for": .string(waitingFor.rawValue),
            "question": .array(question.map { .string($0) }),
            "options": .array(
                options.map { option in
                    [
                        "text": .string(option.label),
                        "number": option.number.map { .integer(Int64($0)) } ?? .null,
                        "selected": .bool(option.isSelected), "row": .integer(Int64(option.row)),
                    ]
                }),
        ]
    }
}
