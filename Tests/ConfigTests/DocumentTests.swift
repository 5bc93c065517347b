import Config
import Core
import Testing

@Suite struct DocumentTests {
    @Test(arguments: FixtureFile.all("yaml/invalid"))
    func wrongYAMLIsExplained(_ file: FixtureFile) throws {
        let bytes = try file.bytes
        let text = try renderedProblems(of: file) { () throws(ConfigurationError) in
            _ = try YAMLReader.read(bytes: bytes, file: file.name)
        }
        try file.expect(text)
    }

    @Test(arguments: FixtureFile.all("yaml/valid"))
    func rightYAMLIsRead(_ file: FixtureFile) throws {
        try file.expect(outline(try YAMLReader.read(bytes: try file.bytes, file: "f")))
    }

    @Test(arguments: FixtureFile.all("toml/invalid"))
    func wrongTOMLIsExplained(_ file: FixtureFile) throws {
        let bytes = try file.bytes
        let text = try renderedProblems(of: file) { () throws(ConfigurationError) in
            _ = try TOMLReader.read(bytes: bytes, file: file.name)
        }
        try file.expect(text)
    }

    @Test(arguments: FixtureFile.all("toml/valid"))
    func rightTOMLIsRead(_ file: FixtureFile) throws {
        try file.expect(outline(try TOMLReader.read(bytes: try file.bytes, file: "f")))
    }

    @Test func fixturesAreThere() {
        #expect(FixtureFile.all("yaml/invalid").count > 25)
        #expect(FixtureFile.all("toml/invalid").count > 15)
        #expect(FixtureFile.all("fleet/invalid").count > 12)
    }

    @Test func filesOverTheLimitAreRefused() {
        let limits = DocumentLimits(bytes: 100, depth: 3, nodes: 20)
        let long = "a: " + String(repeating: "x", count: 100)
        #expect(throws: ConfigurationError.self) { try YAMLReader.read(long, file: "f", limits: limits) }
        let many = "[" + (0..<30).map(String.init).joined(separator: ",") + "]"
        #expect(throws: ConfigurationError.self) { try YAMLReader.read(many, file: "f", limits: limits) }
        #expect(throws: ConfigurationError.self) {
            try TOMLReader.read("a = \(many)", file: "f", limits: limits)
        }
        #expect(throws: ConfigurationError.self) {
            try YAMLReader.read("[[[[1]]]]", file: "f", limits: limits)
        }
        #expect(throws: ConfigurationError.self) {
            try TOMLReader.read("a = [[[1]]]", file: "f", limits: limits)
        }
        // Aliases count with all that they stand for, also in depth.
        #expect(throws: ConfigurationError.self) {
            try YAMLReader.read("a: &a [1]\nb: [*a]", file: "f", limits: limits)
        }
        #expect(throws: Never.self) { try YAMLReader.read("a: [1]\nb: [2]", file: "f", limits: limits) }
    }

    /// Each line: key or index, position of the key and of the value, the value.
    private func outline(_ node: DocumentNode) -> String {
        var lines: [String] = []
        func place(_ position: SourcePosition) -> String { "\(position.line):\(position.column)" }
        func walk(_ node: DocumentNode, _ label: String, _ depth: Int) {
            let indent = String(repeating: "  ", count: depth)
            switch node.value {
            case .mapping(let entries):
                lines.append("\(indent)\(label) @\(place(node.position)) {}")
                for entry in entries {
                    walk(entry.value, "\(entry.key) @\(place(entry.keyPosition)) =", depth + 1)
                }
            case .array(let elements):
                lines.append("\(indent)\(label) @\(place(node.position)) []")
                for (index, element) in elements.enumerated() { walk(element, "\(index) =", depth + 1) }
            default:
                let kind = String(describing: node.value).prefix { $0 != "(" }
                lines.append(
                    "\(indent)\(label) @\(place(node.position)) \(kind) \(node.json.serialized()) \(node.style) <\(node.text.visible)>"
                )
            }
        }
        walk(node, "root", 0)
        return lines.joined(separator: "\n") + "\n"
    }
}
