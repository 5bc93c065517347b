internal import Core

/// Reads one template: front matter between `---` lines, which may be missing, and the body.
public enum TemplateFile {
    /// `stem` is the file's name without `.md`, which is the template's name unless the front matter has one.
    public static func decode(
        _ bytes: some Collection<UInt8>, file: String, stem: String, source: Template.Source
    ) throws(ConfigurationError) -> Decoded<Template> {
        let text = try DocumentText.checked(bytes, file: file, limits: .standard)
        let parts = try split(text, file: file)
        let problems = ProblemList()
        var template = Template(
            name: stem, summary: "", setup: [], environment: [:], body: parts.body, source: source,
            bodyLine: parts.bodyLine)
        if let front = parts.front {
            let node = try YAMLReader.read(front, file: file)
            decode(node, into: &template, problems: problems)
        }
        check(template, file: file, problems: problems)
        try problems.throwErrors(of: file)
        return Decoded(template, warnings: problems.warnings)
    }

    private static func decode(_ node: DocumentNode, into template: inout Template, problems: ProblemList) {
        guard !node.isNull else { return }
        let name = "the front matter"
        guard let front = NodeDecoder(problems: problems).mapping(node, as: name) else { return }
        if let written = front.string("name"), let place = front.node("name") {
            let isName =
                !written.isEmpty && !written.hasPrefix("-")
                && written.unicodeScalars.allSatisfy {
                    $0.properties.isAlphabetic || $0.properties.numericType != nil
                        || "-_.".unicodeScalars.contains($0)
                }
            if !isName {
                problems.error(
                    "'\(ConfigurationProblem.visible(written))' cannot name a template", at: place.position,
                    suggestion: "Use letters, digits, '-', '_' and '.', and no '-' at the beginning")
            }
            template.name = written
        }
        template.summary = front.string("description") ?? ""
        template.agent = front.string("agent")
        template.model = front.string("model")
        if let policy = front.node("policy") {
            problems.warning(
                "'policy' has no effect in a template", at: policy.position,
                suggestion: "Say in policy.yaml for whom a pipeline is: match: { template: \(template.name) }"
            )
        }
        template.setup = front.strings("setup") ?? []
        template.environment = front.stringTable("env") ?? [:]
        for entry in front.node("env")?.entries ?? [] {
            guard let problem = EnvironmentNames.problem(with: entry.key) else { continue }
            problems.error(problem.message, at: entry.keyPosition, suggestion: problem.suggestion)
        }
        front.finish()
    }

    private static func check(_ template: Template, file: String, problems: ProblemList) {
        for piece in TemplateText.pieces(of: template.body) {
            guard case .placeholder(let name, let written, let line, let column) = piece,
                !Template.placeholders.contains(name)
            else { continue }
            let place = SourcePosition(file: file, line: template.bodyLine + line - 1, column: column)
            let near = didYouMean(name, among: Template.placeholders)
            let all = Template.placeholders.map { "{{\($0)}}" }.joined(separator: " ")
            problems.warning(
                "'\(written)' is no placeholder and stays as it is", at: place,
                suggestion: near.map { "Did you mean '{{\($0)}}'?" } ?? "Placeholders: \(all)")
        }
        guard template.body.allSatisfy(\.isWhitespace) else { return }
        problems.error(
            "the template has no text", at: SourcePosition(file: file, line: template.bodyLine, column: 1),
            suggestion: "Write the briefing below the front matter")
    }

    /// The front matter with an empty line in place of its first fence, so that its line numbers are those of the file.
    private static func split(
        _ text: String, file: String
    ) throws(ConfigurationError) -> (front: String?, body: String, bodyLine: Int) {
        let lines = text.utf8.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
        guard let first = lines.first, isFence(first) else { return (nil, text, 1) }
        guard let end = lines.dropFirst().firstIndex(where: isFence) else {
            let place = SourcePosition(file: file, line: 1, column: 1)
            throw .invalid(
                file: file,
                problems: [
                    ConfigurationProblem(
                        at: place, "the front matter that begins here is never closed",
                        suggestion: "Write '---' on a line of its own below it")
                ])
        }
        let front = "\n" + joined(lines[1..<end])
        var start = end + 1
        while start < lines.count, lines[start].allSatisfy({ $0 == UInt8(ascii: "\r") }),
            start < lines.count - 1
        {
            start += 1
        }
        return (front, joined(lines[min(start, lines.count)...]), start + 1)
    }

    private static func isFence(_ line: Substring.UTF8View) -> Bool {
        line.starts(with: "---".utf8) && line.dropFirst(3).allSatisfy { " \t\r".utf8.contains($0) }
    }

    private static func joined(_ lines: some Collection<Substring.UTF8View>) -> String {
        lines.map { String(Substring($0)) }.joined(separator: "\n")
    }
}
