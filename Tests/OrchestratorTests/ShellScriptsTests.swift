import Core
import ProcessKit
import SystemPackage
import TestSupport
import Testing

@testable import Orchestrator

@Suite(.timeLimit(.minutes(1)))
struct ShellScriptsTests {
    /// Each is run by a real shell; the report comes whatever the command is made of.
    @Test(arguments: [
        ("true", Int32(0), ""), ("exit 3", 3, ""), ("echo a && echo b  # a comment", 0, "a\nb\n"),
        ("cat <<X\nit's \"quoted\"\nX", 0, "it's \"quoted\"\n"), ("printf no-newline", 0, "no-newline"),
        ("false && echo never", 1, ""), ("kill -INT $$", 130, ""),
        ("echo {} '### SENTRY {'; exit 7", 7, "{} ### SENTRY {\n"),
    ])
    func everyCommandReportsItsEnd(text: String, code: Int32, output: String) async throws {
        let (result, report) = try await run(text)
        #expect(report?.exitCode == code, "\(result)")
        let shown = result.output.prefix(report?.range.lowerBound ?? 0)
        #expect(String(decoding: shown, as: UTF8.self) == output + "\n")
    }

    @Test(arguments: ["echo 'no end", "if true", "cat <<X\nno end"])
    func aCommandThatIsNoSentenceOfTheShellReportsItsEnd(text: String) async throws {
        let (result, report) = try await run(text)
        #expect(report != nil, "\(result.text) \(result.errorText)")
    }

    @Test func aFolderThatIsNotThereFails() async throws {
        let (_, report) = try await run("true", cwd: "/no such folder")
        #expect(report?.exitCode != 0)
    }

    @Test func aCommandThatWasGivenUpBeforeItWasTypedDoesNothing() async throws {
        let (result, report) = try await run("echo done", isDisarmed: true)
        #expect(report?.exitCode == 130 && !result.text.contains("done"), "\(result.text)")
    }

    @Test func anEarlierTryIsNoReport() {
        let text = "\n### SENTRY {\"type\":\"RESULT\",\"id\":\"cmd-x-1.1\",\"exit\":0,\"ms\":5}\n"
        #expect(ShellReport.find("cmd-x-1.1", in: Array(text.utf8))?.exitCode == 0)
        #expect(ShellReport.find("cmd-x-1.2", in: Array(text.utf8)) == nil)
        for length in 0..<text.utf8.count - 2 {
            #expect(ShellReport.find("cmd-x-1.1", in: Array(text.utf8.prefix(length))) == nil)
        }
    }

    private func run(
        _ text: String, cwd: String? = nil, isDisarmed: Bool = false
    ) async throws -> (CommandResult, ShellReport?) {
        try await withTemporaryFolder { folder in
            let scripts = ShellScripts(folder: folder)
            var content = DecidedCommand(text: text, mode: .shell)
            content.cwd = cwd
            let command = QueuedCommand(
                id: "cmd-x-1", number: 1, branch: "a", content: content, tries: 1,
                createdAt: Timestamp(milliseconds: 0), dueAt: Timestamp(milliseconds: 0))
            if isDisarmed { try scripts.disarm(command) }
            let line = try scripts.write(command)
            let result = try await CommandRunner().run(
                Command(
                    "sh", ["-c", line], environment: ["PATH": "/usr/bin:/bin", "SHELL": "/bin/sh"],
                    timeout: .seconds(20)))
            return (result, ShellReport.find(ShellScripts.name(of: command), in: result.output))
        }
    }
}
