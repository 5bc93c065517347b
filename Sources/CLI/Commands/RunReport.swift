internal import Core
internal import Logging
internal import Synchronization
internal import Watch

/// Says what `run` decides: as its result in one pass or a dry run, else in its log.
final class RunReport: Sendable {
    private let context: CommandContext
    private let log: Logger
    private let isDryRun: Bool
    private let isResult: Bool
    private let decisions = Mutex<[PaneDecision]>([])

    init(_ context: CommandContext, log: Logger, isDryRun: Bool, isResult: Bool) {
        self.context = context
        self.log = log
        self.isDryRun = isDryRun
        self.isResult = isResult
    }

    @Sendable func tell(_ decision: PaneDecision) {
        let line = decision.text(isDryRun: isDryRun)
        guard isResult else { return log.info("\(line)") }
        guard context.json else { return context.console.result(line) }
        decisions.withLock { $0.append(decision) }
    }

    /// One JSON object when everything is decided; nothing decided is a sentence for people.
    func finish() {
        guard isResult, context.json else { return }
        let all = decisions.withLock { $0 }
        let object: JSONObject = [
            "decisions": .array(all.map(\.json)), "dry_run": .bool(isDryRun),
        ]
        context.console.result(JSONValue.object(object).prettyPrinted())
    }
}

extension PaneDecision {
    /// One line: where, and what.
    func text(isDryRun: Bool) -> String {
        let would = isDryRun ? "would " : ""
        let what =
            switch kind {
            case .changed(let pipeline, let stage, let from, let to, let why):
                "\(([pipeline] + (stage.map { [$0] } ?? [])).joined(separator: "/")) "
                    + (from.map { "\($0) -> " } ?? "") + "\(to): \(why)"
            case .action(let action, let stage):
                "\(stage.map { "\($0): " } ?? "")\(would)\(action.words)"
            case .question(let question, let pipeline, let stage):
                "\(pipeline)/\(stage): \(would)ask: \(question)"
            }
        return "\(pane.host) \(pane.pane)\(place.isEmpty ? "" : " (\(place))") \(what)".visible
    }

    var json: JSONValue {
        var object: JSONObject = [
            "host": .string(pane.host), "pane": .string(pane.pane.description), "place": .string(place),
        ]
        switch kind {
        case .changed(let pipeline, let stage, let from, let to, let why):
            object["pipeline"] = .string(pipeline)
            object["stage"] = stage.map { .string($0) } ?? .null
            object["from"] = from.map { .string($0) } ?? .null
            object["to"] = .string(to)
            object["why"] = .string(why)
        case .action(let action, let stage):
            object["stage"] = stage.map { .string($0) } ?? .null
            object["action"] = .string(action.words)
        case .question(let question, let pipeline, let stage):
            object["pipeline"] = .string(pipeline)
            object["stage"] = .string(stage)
            object["question"] = .string(question)
        }
        return .object(object)
    }
}

extension Action {
    fileprivate var words: String {
        switch self {
        case .sendKeys(let text, _): "type: \(text)"
        case .keys(let keys): "press: \(keys.joined(separator: " "))"
        case .shell(let command, _, _): "run: \(command)"
        case .notify(let notice): "notify: \(notice.title)"
        case .emit(let name, _): "emit: \(name)"
        case .spawn(let branch, _, _): "spawn: \(branch)"
        case .answerDialog(let rule, let option, _): "answer \(rule): \(option)"
        }
    }
}
