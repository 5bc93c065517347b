internal import ArgumentParser
internal import Core
internal import Fleet
internal import GitKit

/// What the pre-push hook calls: decides by standard input whether the push goes on.
struct PrePush: AgentCommand {
    static let configuration = CommandConfiguration(
        commandName: "pre-push", abstract: "Decide about a push, for the git hook", shouldDisplay: false)

    @OptionGroup var global: GlobalOptions
    @Argument var remote: String
    @Argument var address: String

    func run(_ context: CommandContext) async throws {
        let fleet: FleetContext
        do {
            fleet = try await FleetContext.open(context.surroundings)
        } catch FleetError.notAFleet {
            // A hooks folder that repositories share; this one has no fleet.
            return
        }
        guard fleet.isTrusted else {
            return context.console.note("tmux-agent: this fleet is not trusted, so no gate is asked")
        }
        let lines = try StandardInput.read()
        guard
            let verdict = try await GateKeeper(context: fleet).judge(
                push: lines, remote: remote, address: address)
        else { return }
        if let warning = verdict.warning { context.console.note("tmux-agent: \(warning)") }
        guard verdict.refused.isEmpty else {
            context.console.note(PushText(verdict: verdict, style: context.console.err).refusal)
            throw ExitCode(ExitStatus.refused.rawValue)
        }
        let reported = verdict.passed.flatMap(\.stages).filter { $0.state == .reported }.map(\.stage)
        if !reported.isEmpty {
            context.console.note(
                "tmux-agent: self-reported: \(Set(reported).sorted().joined(separator: ", ").visible)")
        }
    }
}

/// What a person reads whose push was stopped.
private struct PushText {
    var verdict: GateKeeper.PushVerdict
    var style: Style

    var refusal: String {
        var lines: [String] = []
        for standing in verdict.refused {
            lines.append(
                "tmux-agent: the gate for '\(standing.gate.branch.visible)' stops \(standing.commit.short) on its way to \(standing.branch.visible)"
            )
            lines += standing.stages.map { "  " + GateLine(standing: $0).text(style) }
        }
        if !verdict.advice.isEmpty {
            lines.append("What to do:")
            lines += verdict.advice.map {
                "  \($0.stage.isEmpty ? "" : "\($0.stage.visible): ")\($0.text.visible)"
            }
        }
        lines.append("git push --no-verify goes around the gate; the journal says so.")
        return lines.joined(separator: "\n")
    }
}

/// One stage of a gate.
struct GateLine {
    var standing: StageStanding

    func text(_ style: Style) -> String {
        let name = standing.stage.visible
        return switch standing.state {
        case .measured: "\(style.success("✓")) \(name)"
        case .reported: "\(style.success("✓")) \(name)  (self-reported)"
        case .missing: "\(style.error("✗")) \(name): \((standing.why ?? "").visible)"
        }
    }
}
