/// Why what a decider printed is no decision.
public enum DecisionProblem: Error, Sendable, Equatable {
    case empty
    case tooLong(bytes: Int)
    /// Neither an object nor an event stream.
    case noJSON
    /// Events, but no word of the agent.
    case noMessage
    /// The agent program says that it failed.
    case failed(String)
    /// An object without any key of a decision.
    case notADecision(keys: [String])
    case wrongValue(key: String, expected: String)

    /// The label of `orchestrator_json_parse_failures_total`; the words never change.
    public enum Kind: String, Sendable {
        case empty, failed
        case tooLong = "too_long"
        case noJSON = "no_json"
        case noMessage = "no_message"
        case notADecision = "not_a_decision"
        case wrongValue = "wrong_value"
    }

    public var kind: Kind {
        switch self {
        case .empty: .empty
        case .tooLong: .tooLong
        case .noJSON: .noJSON
        case .noMessage: .noMessage
        case .failed: .failed
        case .notADecision: .notADecision
        case .wrongValue: .wrongValue
        }
    }

    public var message: String {
        switch self {
        case .empty: "the decider printed nothing"
        case .tooLong(let bytes): "the decider printed \(bytes) bytes"
        case .noJSON: "the decider printed no JSON object"
        case .noMessage: "the decider's events hold no message"
        case .failed(let reason): "the decider failed: \(String(reason.prefix(300)).visible)"
        case .notADecision(let keys):
            "the decider's object has no key of a decision, only \(keys.prefix(8).map(\.visible).joined(separator: ", "))"
        case .wrongValue(let key, let expected): "'\(key.visible)' of the decision is not \(expected)"
        }
    }
}

extension Decision {
    static let keys = ["summary", "phase", "blockers", "notify", "requires_confirmation", "commands"]

    /// Throws when the object has none of a decision's keys, or one of another shape.
    init(_ object: JSONObject) throws(DecisionProblem) {
        guard Self.keys.contains(where: { object[$0] != nil }) else {
            throw .notADecision(keys: object.keys)
        }
        self.init(
            summary: object.words("summary"), phase: object.words("phase"),
            blockers: object.list("blockers"), notify: object.words("notify"),
            requiresConfirmation: try object.truth("requires_confirmation") ?? false,
            commands: try Self.commands(object["commands"]))
    }

    private static func commands(_ value: JSONValue?) throws(DecisionProblem) -> [DecidedCommand] {
        guard let value, value != .null else { return [] }
        guard let list = value.array else { throw .wrongValue(key: "commands", expected: "a list") }
        var commands: [DecidedCommand] = []
        for element in list.prefix(DecisionReader.mostCommands) {
            // A bare text is a command with the defaults, as the classic tool took it.
            if let text = element.string {
                commands.append(DecidedCommand(text: text))
            } else if let object = element.object {
                commands.append(try DecidedCommand(object))
            } else {
                throw .wrongValue(key: "commands", expected: "a list of objects")
            }
        }
        return commands.filter { !$0.text.withoutOuterSpace.isEmpty || !$0.keys.isEmpty }
    }
}

extension DecidedCommand {
    init(_ object: JSONObject) throws(DecisionProblem) {
        var risk = RiskLevel.low
        if let word = object.words("risk_level")?.lowercased() {
            // A word that nobody knows is no reason to run something unasked.
            risk = RiskLevel(rawValue: word) ?? .high
        }
        var mode: InputMode?
        if let word = object.words("input_mode") {
            guard let known = InputMode(rawValue: word) else {
                throw .wrongValue(key: "input_mode", expected: "shell or codex_dialogue")
            }
            mode = known
        }
        self.init(
            text: object.words("text") ?? "", keys: object.list("keys"), session: object.words("session"),
            enter: try object.truth("enter") ?? true, cwd: object.words("cwd"), risk: risk,
            notes: object.words("notes"), mode: mode)
    }
}

extension JSONObject {
    /// A text that is not empty.
    fileprivate func words(_ key: String) -> String? {
        guard let text = self[key]?.string, !text.isEmpty else { return nil }
        return text
    }

    /// A list of texts; one text counts as a list of one.
    fileprivate func list(_ key: String) -> [String] {
        if let text = words(key) { return [text] }
        return self[key]?.array?.compactMap(\.string).filter { !$0.isEmpty } ?? []
    }

    /// A truth value, also as models like to write it.
    fileprivate func truth(_ key: String) throws(DecisionProblem) -> Bool? {
        switch self[key] {
        case nil, .null?: return nil
        case .bool(let value)?: return value
        case .integer(let value)? where value == 0 || value == 1: return value == 1
        case .string(let text)?:
            switch text.lowercased() {
            case "true", "yes", "1": return true
            case "false", "no", "0", "": return false
            default: break
            }
        default: break
        }
        throw .wrongValue(key: key, expected: "true or false")
    }
}
