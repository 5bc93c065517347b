internal import Core

/// A page's parts in one language, each with the number of its last change.
struct BoardEdition: Sendable {
    private struct Part: Sendable, Equatable {
        var html: String
        var number: Int64
    }

    private var parts: [String: Part] = [:]
    private var number: Int64 = 0
    private var first: Int64 = 0
    /// Events as they were sent, by the number after which they tell: most followers ask for the same one.
    private var texts: [Int64: String] = [:]

    /// Takes a new picture; parts with the same text keep their numbers.
    mutating func take(_ fragments: [String: String], number: Int64) {
        if parts.isEmpty { first = number }
        for (name, html) in fragments where parts[name]?.html != html {
            parts[name] = Part(html: html, number: number)
            self.number = number
            texts = [:]
        }
        // A row that is gone is gone from its list, whose text has changed with it.
        for name in parts.keys where fragments[name] == nil { parts[name] = nil }
    }

    /// An event with everything that changed after `last`; with all parts for a number that is none of ours.
    ///
    /// Nil when nothing changed.
    mutating func event(after last: Int64?) -> (number: Int64, text: String)? {
        let known = last.flatMap { $0 >= first && $0 <= number ? $0 : nil } ?? 0
        guard known < number else { return nil }
        if let text = texts[known] { return (number, text) }
        var object = JSONObject()
        for (name, part) in parts.sorted(by: { $0.key < $1.key }) where part.number > known {
            object[name] = .string(part.html)
        }
        let data = JSONValue.object(["parts": .object(object)]).serialized()
        let text = "event: parts\nid: \(number)\ndata: \(data)\n\n"
        texts[known] = text
        return (number, text)
    }
}
