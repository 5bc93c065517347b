/// The output of agent programs that print events: what the agent said last.
///
/// `codex exec --json` prints a line of JSON for each event, the message in `item.text` of `item.completed` (older
/// ones: `msg.message`). `claude -p --output-format json` prints one object or one list, `stream-json` lines; the message is
/// `result` of the event `result`, else the text of the last `assistant`.
enum EventStream {
    /// Nil when the text is no such output.
    static func lastMessage(in text: String) throws(DecisionProblem) -> String? {
        guard let events = events(in: text) else { return nil }
        var last: String?
        var failure: String?
        for event in events {
            if let message = message(of: event) { last = message }
            if let said = Self.failure(of: event) { failure = said }
        }
        if let failure { throw .failed(failure) }
        guard let last else { throw .noMessage }
        return last
    }

    private static func events(in text: String) -> [JSONObject]? {
        if let whole = try? JSONValue.parse(text) {
            let list = whole.array?.compactMap(\.object) ?? whole.object.map { [$0] } ?? []
            return !list.isEmpty && list.allSatisfy(isEvent) ? list : nil
        }
        let lines = text.split(whereSeparator: \.isNewline).filter { !$0.allSatisfy(\.isWhitespace) }
        // Programs may say something else before or between; most lines must be events.
        let events = lines.compactMap { (try? JSONValue.parse(String($0)))?.object }.filter(isEvent)
        return events.isEmpty || events.count * 2 < lines.count ? nil : events
    }

    private static func isEvent(_ object: JSONObject) -> Bool {
        (object["type"]?.string != nil && object["commands"] == nil)
            || object["msg"]?.object?["type"]?.string != nil
    }

    private static func message(of event: JSONObject) -> String? {
        if let inner = event["msg"]?.object {
            return inner["type"]?.string == "agent_message" ? inner["message"]?.string : nil
        }
        switch event["type"]?.string {
        case "item.completed":
            guard let item = event["item"]?.object,
                ["agent_message", "assistant_message"].contains(
                    item["type"]?.string ?? item["item_type"]?.string ?? "")
            else { return nil }
            return item["text"]?.string
        case "assistant":
            let parts = event["message"]?["content"]?.array?.compactMap { part in
                part["type"]?.string == "text" ? part["text"]?.string : nil
            }
            return parts.flatMap { $0.isEmpty ? nil : $0.joined(separator: "\n") }
        case "result": return event["result"]?.string
        default: return nil
        }
    }

    private static func failure(of event: JSONObject) -> String? {
        switch event["type"]?.string {
        case "result" where event["is_error"]?.bool == true:
            event["result"]?.string ?? event["subtype"]?.string ?? "an error"
        case "turn.failed": event["error"]?["message"]?.string ?? "the turn failed"
        default: nil
        }
    }
}
