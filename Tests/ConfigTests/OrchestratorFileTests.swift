import Config
import Core
import SystemPackage
import TestSupport
import Testing

@Suite struct OrchestratorFileTests {
    private static let folder = FilePath(#filePath).removingLastComponent()
        .appending("Fixtures").appending("orchestrator")

    @Test(arguments: FixtureFile.all("orchestrator/invalid"))
    func mistakesAreExplained(_ file: FixtureFile) throws {
        let bytes = try file.bytes
        let text = try renderedProblems(of: file) { () throws(ConfigurationError) in
            _ = try OrchestratorFile.decode(bytes, file: file.name, base: Self.folder.appending("invalid"))
        }
        try file.expect(text)
    }

    @Test func everyKeyIsRead() throws {
        let base = Self.folder.appending("valid")
        let decoded = try OrchestratorFile.load(
            base.appending("all-keys.toml"), shownAs: "all-keys.toml", base: base)
        #expect(decoded.warnings.isEmpty)
        let plan = decoded.value
        let settings = plan.configuration.settings
        #expect(settings.pollInterval == .seconds(30) && settings.sessionCooldown == .seconds(5))
        #expect(settings.cooldown == .seconds(60) && settings.maxCommandsPerCycle == 3)
        #expect(settings.historyLines == 100 && settings.defaultPhase == "begin")
        #expect(settings.completionPhase == "finished" && !settings.notifyOnlyOnConfirmation)
        #expect(settings.stallTimeout == .seconds(600) && settings.stallRetriesBeforeNotify == 1)
        #expect(settings.failureAlertThreshold == 4 && settings.commandTimeout == .seconds(90))
        #expect(settings.commandExpiry == .seconds(7200) && settings.commandTries == 7)
        #expect(settings.confirmationExpiry == .seconds(43_200) && settings.maxAgents == 6)
        #expect(settings.maxDecisions == 2 && settings.agentRestarts == 0)
        #expect(settings.decisionFailureThreshold == 5 && settings.hasDecider)
        #expect(settings.minimumFreeMemory == 512 << 20 && settings.maximumLoad == 1.5)
        #expect(settings.maxAgentsPerHost == 12)
        let configuration = plan.configuration
        #expect(configuration.isDryRun && configuration.delegates)
        #expect(configuration.metricsPort == 9108 && configuration.metricsHost == "localhost")
        #expect(
            configuration.decider
                == DeciderSettings(
                    command: ["/opt/codex", "exec", "--json", "--skip-git-repo-check"],
                    timeout: .seconds(45), environment: ["CODEX_HOME": "/tmp/codex"]))
        #expect(configuration.rules.judge(DecidedCommand(text: "git push --force")) == .denied(by: "--force"))
        #expect(configuration.tasks.map(\.branch) == ["feature/a", "feature/b"])
        let task = configuration.tasks[0]
        #expect(task.title == "A" && task.stages == ["lint", "test"] && task.mustBeMerged && !task.isDecided)
        #expect(task.priority == 5 && task.agent == "codex" && task.template == "implementation")
        let prompt = plan.prompts.template(.command, phase: "begin")
        #expect(
            prompt.filled(with: ["branch": "feature/a", "screen": "a < b & c", "blockers": ""])
                == "Look at feature/a. It shows <a < b & c>. No blockers.\n")
        #expect(settings.hasSummary && plan.prompts.template(.summary, phase: "begin").name == "prompt.txt")
        #expect(prompt.filled(with: ["branch": "x", "blockers": "one"]) == "Look at x.\n")
    }

    @Test func anEmptyFileHasDefaultsAndOurPrompts() throws {
        let plan = try OrchestratorFile.decode([], file: "empty.toml", base: "/").value
        #expect(plan.configuration.settings == OrchestratorSettings())
        #expect(plan.configuration.decider == nil && plan.configuration.tasks.isEmpty)
        let text = plan.prompts.command.filled(with: [
            "branch": "a", "title": "T", "format": PromptSet.format,
        ])
        #expect(text.contains("\"T\" on the branch a.") && text.contains("requires_confirmation"))
        #expect(!text.contains("{{"))
    }

    /// Whoever watches them needs their names also while one of them is missing.
    @Test func promptsAreKnownWhereTheFileIsWrong() async throws {
        try await withTemporaryFolder { folder in
            try write(
                "max_agents = \"many\"\n[prompts]\ncommand = \"prompts/a.md\"\n[phase_prompts]\ntest = \"b.md\"\n",
                to: folder.appending("o.toml"))
            let files = OrchestratorFile.promptFiles(in: folder.appending("o.toml"), base: folder)
            #expect(files.map(\.string) == ["\(folder)/prompts/a.md", "\(folder)/b.md"])
        }
    }

    @Test func aWordInCapitalsBeforeAColonIsNoBranch() throws {
        let tasks = try TaskList.read("- [ ] TODO: write\n- [ ] JIRA-7: fix\n- [ ] x: go\n", file: "p.md")
        #expect(tasks.map(\.branch) == ["task/todo-write", "JIRA-7", "x"])
        #expect(tasks.map(\.title) == ["TODO: write", "fix", "go"])
    }

    @Test(arguments: [
        ("Hello {{brnch}}", "prompt.txt:1:7", "Did you mean 'branch'?"),
        ("a\nb {{> part}}", "prompt.txt:2:3", "no partial templates"),
        ("{{#task}}x", "prompt.txt", "cannot be read"),
        ("ü {{=<% %>=}}", "prompt.txt:1:3", "no settings of Mustache"),
    ])
    func aPromptIsHeldToBeRightWhenItIsLoaded(text: String, place: String, words: String) async throws {
        try await withTemporaryFolder { folder in
            try write(text, to: folder.appending("prompt.txt"))
            let toml = "[prompts]\ncommand = \"prompt.txt\"\n"
            do throws(ConfigurationError) {
                _ = try OrchestratorFile.decode(Array(toml.utf8), file: "o.toml", base: folder)
                Issue.record("it was accepted")
            } catch {
                #expect(error.message.contains(place) && error.message.contains(words), "\(error.message)")
            }
        }
    }

    private func write(_ text: String, to path: FilePath) throws {
        let file = try FileDescriptor.open(
            path, .writeOnly, options: [.create, .truncate], permissions: [.ownerReadWrite])
        _ = try file.closeAfter { try file.writeAll(text.utf8) }
    }
}
