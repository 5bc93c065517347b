import Config
import Core
import Foundation
import Testing

@Suite("The page about policies")
struct PolicyPageTests {
    /// A policy of the page, and the tests that stand behind it.
    struct Example: Sendable, CustomTestStringConvertible {
        var line: Int
        var policy: String
        var tests: String?
        var testDescription: String { "line \(line)" }
    }

    /// The fenced YAML blocks of the page; entries of `stages:` are put into a pipeline.
    static let examples: [Example] = {
        let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent()
        let page = (try? String(contentsOf: root.appending(path: "docs/policy.md"), encoding: .utf8)) ?? ""
        var examples: [Example] = []
        var line = 1
        for (index, part) in page.components(separatedBy: "```yaml").enumerated() {
            defer { line += part.count(where: \.isNewline) }
            guard index > 0 else { continue }
            let block = part.components(separatedBy: "\n```")[0]
            if block.hasPrefix(" test\n") {
                examples[examples.count - 1].tests = String(block.dropFirst(6)) + "\n"
            } else {
                examples.append(Example(line: line, policy: whole(String(block.dropFirst())), tests: nil))
            }
        }
        return examples
    }()

    private static func whole(_ block: String) -> String {
        guard block.hasPrefix("- name:") else { return block + "\n" }
        let lines = block.split(separator: "\n", omittingEmptySubsequences: false)
        return "pipelines:\n  - name: example\n    stages:\n" + lines.map { "      \($0)\n" }.joined()
    }

    @Test("Every example of docs/policy.md is a policy without a fault", arguments: examples)
    func example(example: Example) {
        #expect(PolicyFile.check(example.policy, file: "example.yaml").map(\.rendered) == [])
    }

    @Test("Every example does what the page says", arguments: examples.filter { $0.tests != nil })
    func behaviour(example: Example) throws {
        let policy = try PolicyFile.read(example.policy, file: "example.yaml").policy
        let tests = try PolicyTestFile.read(try #require(example.tests), file: "page.yaml").tests
        for test in tests {
            for failure in test.run(policy) {
                Issue.record(
                    "\(test.name), line \(failure.position.line) of the block: \(failure.what)\n\(failure.difference.joined(separator: "\n"))"
                )
            }
        }
    }

    @Test("The page has examples, and most of them are tested")
    func pageHasExamples() {
        #expect(Self.examples.count >= 12)
        #expect(Self.examples.count { $0.tests != nil } >= 11)
    }
}
