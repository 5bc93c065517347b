import ProcessKit
import SystemPackage
import TestSupport
import Testing

@Suite(.timeLimit(.minutes(1)))
struct CommandRunnerTests {
    let runner = CommandRunner()
    let environment = ["PATH": "/usr/local/bin:/usr/bin:/bin", "LC_ALL": "C"]

    @Test func bothOutputsAndTheExitCodeComeBack() async throws {
        let result = try await runner.run(
            Command("sh", ["-c", "echo out; echo err >&2; exit 3"], environment: environment))
        #expect(result.text == "out\n")
        #expect(result.errorText == "err\n")
        #expect(result.termination == .exited(3))
        #expect(!result.isTruncated)
    }

    @Test func inputReachesTheChildAndNothingElseIsInherited() async throws {
        let result = try await runner.run(
            Command(
                "sh", ["-c", "cat; env | sort"], environment: ["PATH": "/usr/bin:/bin", "A": "b c"],
                input: Array("in\n".utf8)))
        #expect(result.text.hasPrefix("in\nA=b c\n"))
        #expect(!result.text.contains("HOME="))
    }

    @Test func grandchildThatKeepsTheOutputOpenDoesNotDelayTheEnd() async throws {
        let result = try await runner.run(
            Command(
                "sh", ["-c", "cat /dev/zero >/dev/null & echo $!"], environment: environment,
                timeout: .seconds(30)))
        let pid = try #require(Int32(result.text.trimmingSuffixNewline))
        #expect(endProcess(pid))
        #expect(result.termination == .exited(0))
    }

    @Test func childPastItsTimeLimitIsEnded() async throws {
        let result = try await runner.run(
            Command("sleep", ["600"], environment: environment, timeout: .milliseconds(50)))
        #expect(result.termination == .timedOut)
        #expect(result.exitCode == 124)
    }

    @Test func longOutputIsCutAndSaidSo() async throws {
        let result = try await runner.run(
            Command("head", ["-c", "100000", "/dev/zero"], environment: environment, outputLimit: 1000))
        #expect(result.output.count == 1000)
        #expect(result.isTruncated)
    }

    @Test func missingProgramIsNamed() async throws {
        await #expect(throws: ProcessError.executableNotFound("no-such-program")) {
            try await runner.run(Command("no-such-program", [], environment: environment))
        }
    }

    @Test(arguments: [
        ("plain", "plain"), ("a b", "'a b'"), ("it's", "'it'\\''s'"), ("", "''"), ("$(x)", "'$(x)'"),
    ])
    func wordsAreQuotedForAShell(text: String, quoted: String) {
        #expect(Command.quoted(text) == quoted)
    }
}
