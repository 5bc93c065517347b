import Config
import Core
import Foundation
import SystemPackage
import TestSupport
import Testing

@Suite struct TemplateTests {
    @Test(arguments: FixtureFile.all("templates/invalid"))
    func mistakesAreExplained(_ file: FixtureFile) throws {
        let bytes = try file.bytes
        let text = try renderedProblems(of: file) { () throws(ConfigurationError) in
            _ = try TemplateFile.decode(bytes, file: file.name, stem: file.stem, source: .file(file.name))
        }
        try file.expect(text)
    }

    private func read(_ stem: String) throws -> Decoded<Template> {
        let file = try #require(FixtureFile.all("templates/valid").first { $0.stem == stem })
        return try TemplateFile.decode(try file.bytes, file: file.name, stem: stem, source: .file(file.name))
    }

    @Test func everyKeyIsRead() throws {
        let decoded = try read("all-keys")
        let template = decoded.value
        #expect(template.name == "full")
        #expect(template.summary == "All keys")
        #expect(template.model == "opus")
        #expect(template.agent == "codex")
        #expect(
            decoded.warnings.map(\.rendered) == [
                """
                all-keys.md:6:9: warning: 'policy' has no effect in a template
                    hint: Say in policy.yaml for whom a pipeline is: match: { template: full }
                """
            ])
        #expect(template.setup == ["npm ci", "make x"])
        #expect(template.environment == ["LEVEL": "3", "ON": "yes"])
        #expect(template.bodyLine == 10)
        let plain = try read("no-front-matter").value
        #expect(plain.name == "no-front-matter")
        #expect(plain.body == "Just do {{task}}.\n")
    }

    @Test func unknownPlaceholdersStayAndAreWarnedOf() throws {
        let decoded = try read("unknown-placeholder")
        #expect(
            decoded.warnings.map(\.rendered) == [
                """
                unknown-placeholder.md:6:8: warning: '{{brnch}}' is no placeholder and stays as it is
                    hint: Did you mean '{{branch}}'?
                """
            ])
        let text = decoded.value.briefing(
            BriefingValues(branch: "feature/{{task}}", task: "the {{branch}} thing", worktree: "/w"))
        #expect(
            text == """
                Branch feature/{{task}} and the {{branch}} thing.
                  Also {{brnch}} and {{x y}} and {{}}.

                """)
    }

    @Test func aTaskWithoutAPlaceFollowsAtTheEnd() throws {
        let template = try read("all-keys").value
        let with = template.briefing(BriefingValues(branch: "b", task: "\nDo it\n", worktree: "/w"))
        #expect(with == "Windows lines, b.\n\n## Task\n\nDo it\n")
        let without = template.briefing(BriefingValues(branch: "b", task: " \n", worktree: "/w"))
        #expect(without == "Windows lines, b.\r\n")
        let plain = try read("no-front-matter").value
        #expect(
            plain.briefing(BriefingValues(branch: "b", task: nil, worktree: "/w"))
                == "Just do \(Template.defaultTask).\n")
    }

    @Test func theBuiltInTemplatesAreComplete() throws {
        let library = TemplateLibrary.builtIn
        #expect(library.failures.isEmpty)
        #expect(library.warnings.isEmpty)
        #expect(
            library.templates.map(\.name) == [
                "ci-hardening", "code-review", "docs", "implementation", "orchestrator", "qa-template",
            ])
        for template in library.templates {
            #expect(template.summary.count > 20)
            for placeholder in Template.placeholders { #expect(template.body.contains("{{\(placeholder)}}")) }
            #expect(template.body.contains("tmux-agent emit STATUS --stage "))
            let briefing = template.briefing(BriefingValues(branch: "b", task: "t", worktree: "/w"))
            #expect(briefing.contains("### SENTRY {"))
            #expect(!briefing.contains("{{"))
            #expect(!briefing.hasPrefix("\n"))
        }
    }

    /// An agent's echo of its briefing must not count as a report.
    @Test func noExampleOfABriefingIsAMarker() throws {
        for template in TemplateLibrary.builtIn.templates {
            let briefing = template.briefing(BriefingValues(branch: "b", task: "t", worktree: "/w"))
            let examples = briefing.split(separator: "\n").filter { $0.contains("SENTRY") }
            #expect(examples.count == 3)
            for example in examples {
                let brace = try #require(example.firstIndex(of: "{"))
                #expect(throws: JSONError.self) { try JSONValue.parse(String(example[brace...])) }
            }
        }
    }

    @Test func theEmbeddedTextsAreTheFiles() throws {
        let root = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "../..").standardized
        for name in EmbeddedFile.names(below: "templates/") {
            #expect(
                EmbeddedFile.text(named: name)
                    == (try String(contentsOf: root.appending(path: name), encoding: .utf8)))
        }
        let starters = EmbeddedFile.names(below: "starters/").map { String($0.dropFirst("starters/".count)) }
        for name in starters {
            let file = root.appending(path: "Sources/Config/Starters/\(name)")
            #expect(
                EmbeddedFile.text(named: "starters/\(name)")
                    == (try String(contentsOf: file, encoding: .utf8)))
        }
        let files = try FileManager.default.contentsOfDirectory(
            atPath: root.appending(path: "templates").path)
        #expect(files.sorted().map { "templates/\($0)" } == EmbeddedFile.names(below: "templates/").sorted())
        #expect(starters.count == 3)
        #expect(EmbeddedFile.text(named: "nothing") == nil)
    }

    @Test func aFolderAddsToTheBuiltInTemplatesAndWinsByName() async throws {
        try await withTemporaryFolder { folder in
            try write(
                "---\nname: mine\ndescription: My own\n---\nDo {{task}}\n", to: folder.appending("a.md"))
            try write("My docs\n", to: folder.appending("docs.md"))
            try write("not a template", to: folder.appending("notes.txt"))
            let library = try TemplateLibrary.load(folder: folder, shownAs: "t")
            #expect(library.templates.count == 7)
            #expect(try library.template(named: "mine").source == .file("t/a.md"))
            #expect(try library.template(named: "docs").body == "My docs\n")
            #expect(try library.template(named: "implementation").source == .builtIn)
        }
    }

    @Test func anUnknownNameIsAnsweredWithTheNearestAndAll() async throws {
        let error = #expect(throws: ConfigurationError.self) {
            try TemplateLibrary.load(folder: "/nowhere-at-all", shownAs: "t").template(named: "implementaton")
        }
        #expect(error?.message == "No template named 'implementaton'")
        #expect(
            error?.hint
                == "Did you mean 'implementation'? Templates: ci-hardening, code-review, docs, implementation, orchestrator, qa-template"
        )
        #expect(error?.exitStatus == .unusableSettings)
    }

    @Test func twoFilesOfOneNameAreAnErrorForThatNameOnly() async throws {
        try await withTemporaryFolder { folder in
            try write("---\nname: same\n---\none\n", to: folder.appending("a.md"))
            try write("---\nname: same\n---\ntwo\n", to: folder.appending("b.md"))
            try write("---\nname: broken\n", to: folder.appending("broken.md"))
            let library = try TemplateLibrary.load(folder: folder, shownAs: "t")
            #expect(
                throws: ConfigurationError.duplicateTemplate(name: "same", first: "t/a.md", second: "t/b.md")
            ) { try library.template(named: "same") }
            let broken = #expect(throws: ConfigurationError.self) { try library.template(named: "broken") }
            #expect(
                broken?.problems.first?.position == SourcePosition(file: "t/broken.md", line: 1, column: 1))
            #expect(try library.template(named: "docs").name == "docs")
            #expect(library.failures.map(\.name) == ["same", "broken"])
        }
    }
}

/// Writes a text file and the folders above it.
func write(_ text: String, to path: FilePath) throws {
    let url = URL(filePath: path.string)
    try FileManager.default.createDirectory(
        at: url.deletingLastPathComponent(), withIntermediateDirectories: true)
    try Data(text.utf8).write(to: url)
}
