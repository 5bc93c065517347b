import Config
import Foundation
import Testing

/// A file of `Fixtures` with the text that is expected of it in a file beside it.
struct FixtureFile: CustomTestStringConvertible, Sendable {
    let url: URL
    var name: String { url.lastPathComponent }
    var stem: String { url.deletingPathExtension().lastPathComponent }
    var testDescription: String { name }
    var bytes: [UInt8] { get throws { Array(try Data(contentsOf: url)) } }

    /// The files of one folder below `Fixtures`, without the expectations.
    static func all(_ folder: String) -> [FixtureFile] {
        let root = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "Fixtures/\(folder)")
        let found = try? FileManager.default.contentsOfDirectory(at: root, includingPropertiesForKeys: nil)
        return (found ?? []).filter { $0.pathExtension != "expected" }
            .sorted { $0.path < $1.path }.map(FixtureFile.init)
    }

    /// Compares with the file `<name>.expected`, or writes it when RECORD_SNAPSHOTS is set, which fails the test.
    func expect(_ text: String) throws {
        let expected = url.appendingPathExtension("expected")
        if ProcessInfo.processInfo.environment["RECORD_SNAPSHOTS"] != nil {
            try Data(text.utf8).write(to: expected)
            Issue.record("recorded \(expected.lastPathComponent)")
            return
        }
        let recorded = String(decoding: try Data(contentsOf: expected), as: UTF8.self)
        #expect(text == recorded)
    }
}

/// Every problem as people see it; fails when there is none, or when one has no place in the file.
func renderedProblems(of file: FixtureFile, _ read: () throws(ConfigurationError) -> Void) throws -> String {
    do throws(ConfigurationError) {
        try read()
    } catch {
        #expect(!error.problems.isEmpty)
        let lines = try file.bytes.split(separator: 10, omittingEmptySubsequences: false)
        for problem in error.problems {
            #expect(problem.position.file == file.name)
            #expect((1...lines.count).contains(problem.position.line))
            let width =
                lines.indices.contains(problem.position.line - 1) ? lines[problem.position.line - 1].count : 0
            #expect((1...width + 1).contains(problem.position.column))
        }
        #expect(error.message.hasPrefix("\(file.name) has "))
        return error.problems.map(\.rendered).joined(separator: "\n") + "\n"
    }
    Issue.record("\(file.name) was accepted")
    return ""
}
