internal import Core
internal import Fleet
internal import ProcessKit
internal import SystemPackage

/// One call of the decider: a prompt goes in, a decision comes out.
struct DeciderCall: Sendable {
    let settings: DeciderSettings
    let context: FleetContext

    /// What came of it.
    struct Outcome: Sendable {
        var result: Result<Decision, Failure>
        var output: String
        var duration: Duration
    }

    struct Failure: Error, Sendable {
        /// `timeout`, `exit`, `not_started`, or the kind of a ``DecisionProblem``.
        var kind: String
        var reason: String
    }

    @concurrent func ask(_ prompt: String, in folder: FilePath) async throws -> Outcome {
        // How long it takes is measured, not decided by.
        let start = ContinuousClock.now
        let command = Command(
            settings.command.first ?? "", Array(settings.command.dropFirst()), environment: environment,
            workingDirectory: folder, input: Array(prompt.utf8), timeout: settings.timeout,
            outputLimit: DecisionReader.mostBytes)
        let result: CommandResult
        do {
            result = try await CommandRunner().run(command)
        } catch ProcessError.cancelled {
            throw CancellationError()
        } catch {
            let failure = Failure(kind: "not_started", reason: error.message)
            return Outcome(result: .failure(failure), output: "", duration: start.duration(to: .now))
        }
        return Outcome(
            result: judge(result), output: result.text, duration: start.duration(to: .now))
    }

    /// Nothing of an agent that started us, and nothing that would make the decider one; with the mark by which questions
    /// know that no person answers.
    private var environment: [String: String] {
        context.surroundings.environment.filter { key, _ in
            !(key.hasPrefix("TMUX") || key.hasPrefix("AI_AGENT_"))
        }.merging(settings.environment) { $1 }.merging([AgentAncestry.deciderMark: "1"]) { $1 }
    }

    private func judge(_ result: CommandResult) -> Result<Decision, Failure> {
        switch result.termination {
        case .timedOut:
            let limit = settings.timeout.components.seconds
            return .failure(Failure(kind: "timeout", reason: "the decider took longer than \(limit) s"))
        case .exited(0): break
        default:
            let last = result.errorText.split(separator: "\n").suffix(3).joined(separator: "; ")
            let words = String(last.prefix(300)).visible
            return .failure(
                Failure(kind: "exit", reason: "the decider ended with \(result.exitCode): \(words)"))
        }
        do throws(DecisionProblem) {
            return .success(try DecisionReader.read(result.text))
        } catch {
            return .failure(Failure(kind: error.kind.rawValue, reason: error.message))
        }
    }
}
