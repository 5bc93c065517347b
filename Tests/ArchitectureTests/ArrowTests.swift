import Foundation
import Testing

/// Reads the sources as text: the rules of docs/architecture.md, held by a test instead of by memory.
struct ArrowTests {
    static let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent()

    /// What each room may import of ours.
    static let allowed: [String: Set<String>] = {
        let kits: Set = ["GitKit", "TmuxKit", "TerminalKit", "SSHKit", "HTTPKit", "ProcessKit"]
        let floor = kits.union(["Core", "Config", "Store"])
        let kit: Set = ["Core", "ProcessKit"]
        return [
            "Core": ["CPCRE2"],
            "ProcessKit": ["Core", "CLinux"],
            "GitKit": kit.union(["CLibgit2"]), "TmuxKit": kit.union(["CLinux"]),
            "TerminalKit": ["Core", "CVTerm"], "SSHKit": kit.union(["CLinux"]),
            "HTTPKit": kit.union(["CCurl"]), "Store": ["Core", "CSQLite"],
            "Config": ["Core", "CLibYAML", "CEmbedded"],
            "Fleet": floor.union(["CLinux"]), "Approvals": floor.union(["CLinux"]),
            "Watch": floor.union(["Fleet", "Approvals", "CLinux"]),
            "Notify": floor.union(["HTTPKit"]),
            "Orchestrator": floor.union(["Fleet", "Approvals", "CLinux"]),
            "Web": floor.union(["Fleet", "Watch", "Approvals", "Notify", "CEmbedded"]),
            "Daemon": floor.union(["Fleet", "Watch", "Approvals", "Notify", "Web", "Orchestrator"]),
            "CLI": floor.union(["Fleet", "Watch", "Approvals", "Notify", "Daemon", "Orchestrator"]),
            "tmux-agent": ["CLI", "Core"],
            "Benchmarks": floor.union(["Fleet", "Watch", "Approvals", "Notify", "Daemon", "Orchestrator"]),
        ]
    }()

    /// The only rooms that may import an outside dependency.
    static let homes: [String: Set<String>] = [
        "GRDB": ["Store"], "CSQLite": ["Store"], "CCurl": ["HTTPKit"], "CLibgit2": ["GitKit"],
        "CLibYAML": ["Config"],
        "CVTerm": ["TerminalKit"], "CPCRE2": ["Core"], "CEmbedded": ["Config", "Web"], "TOMLKit": ["Config"],
        "Subprocess": ["ProcessKit"], "ArgumentParser": ["CLI"],
        "Crypto": ["Config", "Notify", "Approvals", "Web"], "Hummingbird": ["Web"],
        "HummingbirdCore": ["Web"], "NIOCore": ["Web"], "NIOHTTPTypes": ["Web"], "HTTPTypes": ["Web"],
        "Mustache": ["Config", "Web"],
        "ServiceLifecycle": ["Daemon", "Watch", "Web", "Orchestrator"], "UnixSignals": ["Daemon"],
        "Logging": ["Daemon", "Watch", "Web", "Orchestrator", "CLI"], "Dispatch": ["ProcessKit", "CLI"],
        "Foundation": ["Store", "Watch", "Orchestrator"],
    ]

    /// Parts of Swift and of the system that any room may use.
    static let everywhere: Set = ["Glibc", "Synchronization", "SystemPackage"]

    static let ours = Set(allowed.keys).union([
        "CLibgit2", "CLibYAML", "CVTerm", "CPCRE2", "CLinux", "CEmbedded", "CSQLite", "CCurl",
    ])

    struct Import: CustomStringConvertible {
        var room: String
        var file: String
        var module: String
        var isPublic: Bool
        var description: String { "\(file) imports \(module)" }
    }

    static let imports: [Import] = {
        let sources = root.appending(path: "Sources")
        var found: [Import] = []
        guard let files = FileManager.default.enumerator(atPath: sources.path) else { return [] }
        for case let path as String in files where path.hasSuffix(".swift") {
            let text = (try? String(contentsOf: sources.appending(path: path), encoding: .utf8)) ?? ""
            let room = path.split(separator: "/").first.map(String.init) ?? ""
            for line in text.split(separator: "\n") {
                guard let (module, isPublic) = SourceText.imported(by: line) else { continue }
                found.append(Import(room: room, file: path, module: module, isPublic: isPublic))
            }
        }
        return found
    }()

    @Test func sourcesWereFound() {
        #expect(Set(Self.imports.map(\.room)).isSuperset(of: Self.allowed.keys.filter { $0 != "Benchmarks" }))
    }

    @Test func arrowsPointDown() {
        let wrong = Self.imports.filter {
            Self.ours.contains($0.module) && !(Self.allowed[$0.room] ?? []).contains($0.module)
        }
        #expect(wrong.isEmpty, "an arrow points up or sideways: \(wrong)")
    }

    @Test func everyDependencyHasOneHome() {
        let wrong = Self.imports.filter { found in
            guard let homes = Self.homes[found.module] else { return false }
            return !homes.contains(found.room)
        }
        #expect(wrong.isEmpty, "imported outside its home: \(wrong)")
    }

    @Test func everyImportIsKnown() {
        let known = Self.ours.union(Self.homes.keys).union(Self.everywhere)
        let wrong = Self.imports.filter { !known.contains($0.module) }
        #expect(wrong.isEmpty, "a dependency without a home: \(wrong)")
    }

    @Test func coreDoesNoInputOrOutput() {
        let harmless: Set = ["CPCRE2", "Synchronization", "SystemPackage"]
        let wrong = Self.imports.filter { $0.room == "Core" && !harmless.contains($0.module) }
        #expect(wrong.isEmpty, "\(wrong)")
    }

    @Test func importsAreReadInAllTheirForms() {
        let forms: [(String, String?)] = [
            ("import GRDB", "GRDB"), ("public import GRDB  // why", "GRDB"),
            ("import struct GRDB.Row", "GRDB"),
            ("@preconcurrency internal import func Glibc.open", "Glibc"), ("import CoreFoo.Sub", "CoreFoo"),
            ("// import GRDB", nil), ("/// An import of GRDB.", nil), ("let text = \"import GRDB\"", nil),
        ]
        for (line, module) in forms {
            #expect(SourceText.imported(by: line[...])?.module == module, "\(line)")
        }
    }

    @Test func onlyCommentsAreLeftOut() {
        let lines = [
            ("a // b", "a "), ("let url = \"http://x\" // b", "let url = \"http://x\" "), ("// b", ""),
            ("\"\\\"//\" + try!", "\"\\\"//\" + try!"), ("#\"\\\"# // b", "#\"\\\"# "),
            ("#\"a \"//\" b\"# + c", "#\"a \"//\" b\"# + c"),
        ]
        for (line, code) in lines { #expect(SourceText.code(of: line[...]) == code, "\(line)") }
    }

    @Test func outsideTypesStayInside() {
        // Services and their loggers are handed from room to room.
        let shown: Set = ["ServiceLifecycle", "Logging"]
        let leaked = Self.imports.filter {
            $0.isPublic && Self.homes[$0.module] != nil && !shown.contains($0.module)
        }
        #expect(leaked.isEmpty, "public import of an outside dependency: \(leaked)")
    }

    @Test(arguments: [
        (" Task {", "unstructured task"), ("Task.detached", "unstructured task"),
        ("DispatchQueue.async", "unstructured work"),
        ("try!", "crash"), ("as!", "crash"), ("fatalError(", "crash without a state"), ("TODO", "unfinished"),
        ("Date()", "hidden clock"), ("UUID()", "hidden randomness"),
    ])
    func sourcesHaveNo(word: String, reason: String) throws {
        let sources = Self.root.appending(path: "Sources")
        var found: [String] = []
        let files = try #require(FileManager.default.enumerator(atPath: sources.path))
        for case let path as String in files where path.hasSuffix(".swift") {
            let text = try String(contentsOf: sources.appending(path: path), encoding: .utf8)
            for (number, line) in text.split(separator: "\n", omittingEmptySubsequences: false).enumerated()
            where line.contains(word) && SourceText.code(of: line).contains(word) {
                found.append("\(path):\(number + 1)")
            }
        }
        #expect(found.isEmpty, "\(reason): \(found)")
    }
}
