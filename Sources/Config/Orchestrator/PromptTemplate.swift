internal import Core
internal import Mustache

/// A prompt with places to fill in, in Mustache.
public struct PromptTemplate: Sendable {
    /// How messages call it.
    public let name: String
    private let template: MustacheTemplate

    private static let advice = "Close every {{name}} with '}}', and every {{#name}} with {{/name}}"

    /// Reads a template; what is wrong with it is added to `problems`, and nil returned.
    init?(_ text: String, name: String, variables: [String], problems: ProblemList) {
        self.name = name
        let tags = PromptTags(text, file: name)
        for tag in tags.list {
            if let trouble = tag.trouble {
                problems.error(
                    trouble, at: tag.position,
                    suggestion: "Write one of {{\(variables.joined(separator: "}}, {{"))}}")
            } else if !variables.contains(tag.name) {
                let near = didYouMean(tag.name, among: variables)
                problems.error(
                    "nothing is called '\(ConfigurationProblem.visible(tag.name))' in a prompt",
                    at: tag.position,
                    suggestion: near.map { "Did you mean '\($0)'?" }
                        ?? "Known: \(variables.joined(separator: ", "))")
            }
        }
        do {
            // Prompts are plain text: nothing is escaped as in HTML.
            template = try MustacheTemplate(string: "{{% CONTENT_TYPE: TEXT}}" + text)
        } catch let error as MustacheTemplate.ParserError {
            problems.error(
                "the template cannot be read: \(error.error)",
                at: SourcePosition(
                    file: name, line: error.context.lineNumber, column: error.context.columnNumber),
                suggestion: Self.advice)
            return nil
        } catch {
            problems.error(
                "the template cannot be read: \(error)", at: SourcePosition(file: name, line: 1, column: 1),
                suggestion: Self.advice)
            return nil
        }
    }

    /// The text with `values` in their places; a name without a value is empty, and a section about it is left out.
    public func filled(with values: [String: String]) -> String {
        template.render(values.filter { !$0.value.isEmpty } as [String: Any])
    }
}

/// The tags of a Mustache template with their places.
struct PromptTags {
    struct Tag {
        var name: String
        var position: SourcePosition
        /// Why it cannot be used here.
        var trouble: String?
    }

    private(set) var list: [Tag] = []

    init(_ text: String, file: String) {
        var line = 1
        for row in text.split(separator: "\n", omittingEmptySubsequences: false) {
            var rest = row[...]
            while let open = rest.firstRange(of: "{{") {
                let column = row[..<open.lowerBound].unicodeScalars.count + 1
                let inside = rest[open.upperBound...]
                guard let close = inside.firstRange(of: "}}") else { break }
                let position = SourcePosition(file: file, line: line, column: column)
                if let tag = Self.tag(inside[..<close.lowerBound], at: position) { list.append(tag) }
                rest = inside[close.upperBound...]
            }
            line += 1
        }
    }

    private static func tag(_ text: Substring, at position: SourcePosition) -> Tag? {
        guard let mark = text.first else {
            return Tag(name: "", position: position, trouble: "'{{}}' names nothing")
        }
        let name = text.drop { "#^/&{$".contains($0) || $0.isWhitespace }
        let bare = String(name.reversed().drop { $0.isWhitespace }.reversed())
        switch mark {
        case "!", "/": return nil
        case ">", "<":
            return Tag(name: bare, position: position, trouble: "prompts take no partial templates")
        case "=", "%":
            return Tag(name: bare, position: position, trouble: "prompts take no settings of Mustache")
        default: return Tag(name: bare, position: position, trouble: nil)
        }
    }
}
