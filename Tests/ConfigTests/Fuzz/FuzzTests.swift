import Config
import Core
import Foundation
import SystemPackage
import TestSupport
import Testing

/// Nothing that stands in a file may crash a reader or keep it busy; files come with clones.
@Suite(.timeLimit(.minutes(LongTests.choose(1, long: 30)))) struct FuzzTests {
    /// Files that once failed, and shapes that are hard by their make.
    static let corpus: [String] = {
        let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent().appendingPathComponent(
            "corpus")
        let names = (try? FileManager.default.contentsOfDirectory(atPath: folder.path)) ?? []
        return names.sorted().map { folder.appendingPathComponent($0).path }
    }()

    @Test func theCorpusIsThere() { #expect(Self.corpus.count >= 5) }

    @Test(arguments: corpus)
    func everyFileOfTheCorpusEndsInATreeOrInProblems(_ file: String) throws {
        readEverything([UInt8](try Data(contentsOf: URL(fileURLWithPath: file))))
    }

    @Test(arguments: 0..<LongTests.choose(4, long: 200))
    func randomBytesEndInATreeOrInProblems(_ seed: Int) {
        var random = SeededGenerator(seed: UInt64(seed))
        let interesting = Array(
            "[]{}:,-#&*!|>'\"%@`\n\t =.~?<\\u0001a[[]]\"\"\"'''---\r\n\u{e9}\u{65e5}".utf8)
        for _ in 0..<400 {
            let length = Int.random(in: 0...120, using: &random)
            let bytes = (0..<length).map { _ in
                Int.random(in: 0..<10, using: &random) == 0
                    ? UInt8.random(in: 0...255, using: &random)
                    : interesting.randomElement(using: &random) ?? 0
            }
            readEverything(bytes)
        }
    }

    @Test(arguments: 0..<LongTests.choose(4, long: 200))
    func damagedFilesEndInATreeOrInProblems(_ seed: Int) throws {
        var random = SeededGenerator(seed: UInt64(100 + seed))
        let folders = [
            "yaml/valid", "toml/valid", "fleet/valid", "hosts/valid", "policy/valid", "templates/valid",
        ]
        var files = try folders.flatMap(FixtureFile.all).map { try $0.bytes }
        files.append(Array(FleetConfiguration.defaultFile(name: "x").utf8))
        files.append(Array(StarterFile.policy.utf8))
        for _ in 0..<120 {
            guard var bytes = files.randomElement(using: &random) else { continue }
            for _ in 0..<Int.random(in: 1...4, using: &random) { damage(&bytes, &random) }
            readEverything(bytes)
        }
    }

    @Test func hostileShapesEndSoon() {
        let shapes = [
            String(repeating: "[", count: 8_000), String(repeating: "{a: ", count: 4_000),
            String(repeating: "- ", count: 8_000), String(repeating: "? ", count: 8_000),
            String(repeating: "a.", count: 8_000) + "a = 1",
            "[" + String(repeating: "a.", count: 8_000) + "a]",
            "a = " + String(repeating: "[", count: 8_000), "a = " + String(repeating: "{b=", count: 8_000),
            String(repeating: "[[a]]\n", count: 4_000), String(repeating: "&a *a ", count: 4_000),
            "a: " + String(repeating: "!", count: 8_000), String(repeating: "a: 1\n", count: 4_000),
            "'" + String(repeating: "''", count: 8_000), String(repeating: "{{branch}}", count: 2_000),
            String(repeating: "\t\n", count: 4_000), "a = \"" + String(repeating: "\\u0041", count: 4_000),
            String(repeating: "<<: {}\n", count: 2_000), String(repeating: "@\n", count: 4_000),
        ]
        for shape in shapes { readEverything(Array(shape.utf8)) }
    }

    private func damage(_ bytes: inout [UInt8], _ random: inout SeededGenerator) {
        guard !bytes.isEmpty else { return }
        let at = Int.random(in: 0..<bytes.count, using: &random)
        switch Int.random(in: 0..<4, using: &random) {
        case 0: bytes[at] = UInt8.random(in: 0...255, using: &random)
        case 1: bytes.remove(at: at)
        case 2: bytes.insert(Array(" \t\n:'\"[]{}-#=".utf8).randomElement(using: &random) ?? 32, at: at)
        default:
            let end = min(bytes.count, at + Int.random(in: 1...30, using: &random))
            bytes.insert(
                contentsOf: Array(bytes[at..<end]), at: Int.random(in: 0...bytes.count, using: &random))
        }
    }

    private func readEverything(_ bytes: [UInt8]) {
        let places = Places(userHome: "/home/me")
        check { () throws(ConfigurationError) in _ = try YAMLReader.read(bytes: bytes, file: "f") }
        check { () throws(ConfigurationError) in _ = try TOMLReader.read(bytes: bytes, file: "f") }
        check { () throws(ConfigurationError) in
            _ = try FleetFile.decode(bytes, file: "f", repository: "/repo", places: places)
        }
        check { () throws(ConfigurationError) in
            _ = try HostsFile.decode(bytes, file: "f", base: "/", places: places)
        }
        check { () throws(ConfigurationError) in _ = try DetectionFile.decode(bytes, file: "f") }
        let text = String(decoding: bytes, as: UTF8.self)
        check { () throws(ConfigurationError) in _ = try PolicyFile.read(text, file: "f") }
        check { () throws(ConfigurationError) in
            _ = try PolicyFile.read(text, file: "f", context: PolicyFile.Context(isClassic: true))
        }
        check { () throws(ConfigurationError) in
            let template = try TemplateFile.decode(bytes, file: "f", stem: "f", source: .builtIn).value
            _ = template.briefing(BriefingValues(branch: "b", task: nil, worktree: "/w"))
        }
    }

    /// An error must say where; reaching the end at all is the other half of the test.
    private func check(_ read: () throws(ConfigurationError) -> Void) {
        do throws(ConfigurationError) {
            try read()
        } catch {
            #expect(!error.problems.isEmpty)
            #expect(error.problems.allSatisfy { $0.position.line > 0 && $0.position.column > 0 })
        }
    }
}
