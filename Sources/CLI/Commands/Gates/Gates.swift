internal import ArgumentParser
internal import Core
internal import Fleet
internal import GitKit

struct Gates: AgentCommand {
    static let configuration = CommandConfiguration(
        commandName: "gates", abstract: "Show whether a branch could be pushed, and what is missing",
        discussion: """
            Without a branch it is the one that is checked out here. Pushes that went around
            a gate are in the journal, and here with --bypassed.

              tmux-agent gates
              tmux-agent gates feature/x --json
              tmux-agent gates --bypassed feature/x
            """)

    @OptionGroup var global: GlobalOptions
    @Argument(help: "A local branch (default: the one that is checked out here)") var branch: String?
    @Flag(name: .long, help: "Pushes that no gate let through, instead") var bypassed = false

    func run(_ context: CommandContext) async throws {
        let fleet = try await FleetContext.open(context.surroundings)
        if bypassed {
            let found = try await GateReport(context: fleet).bypasses(of: branch)
            context.console.render(BypassView(bypasses: found), json: context.json)
            if found.isEmpty {
                context.console.hint(
                    branch.map { "Every push to '\($0.visible)' went through its gates" }
                        ?? "Every push went through its gates")
            }
            return
        }
        let report = try await GateReport(context: fleet).report(of: branch)
        if let warning = report.warning { context.console.warning(warning) }
        context.console.render(GatesView(report: report), json: context.json)
        if report.standings.isEmpty {
            context.console.hint("No gate stands before a push of '\(report.branch.visible)'")
        }
    }
}

struct GatesView: Renderable {
    var report: GateReport.Report

    var gates: JSONValue {
        .array(
            report.standings.map { standing in
                [
                    "hook": .string(standing.gate.hook), "branch": .string(standing.gate.branch),
                    "holds": .bool(standing.holds),
                    "stages": .array(standing.stages.map { .object($0.json) }),
                ]
            })
    }

    var json: JSONValue {
        [
            "branch": .string(report.branch), "commit": .string(report.commit), "gates": gates,
            "advice": .array(
                report.advice.map { ["stage": .string($0.stage), "text": .string($0.text)] }),
        ]
    }

    func text(_ style: Style) -> String {
        var lines: [String] = []
        for standing in report.standings {
            let word = standing.holds ? style.success("holds") : style.error("stops it")
            lines.append(
                "\(style.heading(standing.gate.hook)) for '\(standing.gate.branch.visible)' at \(standing.commit.short): \(word)"
            )
            lines += standing.stages.map { "  " + GateLine(standing: $0).text(style) }
        }
        lines += report.advice.map {
            "\(style.dim($0.stage.isEmpty ? "first" : $0.stage.visible)): \($0.text.visible)"
        }
        return lines.joined(separator: "\n")
    }
}

private struct BypassView: Renderable {
    var bypasses: [GateReport.Bypass]

    var json: JSONValue {
        [
            "bypassed": .array(
                bypasses.map {
                    [
                        "at": .string($0.at.iso8601), "remote": .string($0.remote),
                        "branch": .string($0.branch), "commit": .string($0.commit),
                    ]
                })
        ]
    }

    func text(_ style: Style) -> String {
        bypasses.map {
            "\(style.dim($0.at.iso8601))  \($0.commit.prefix(10))  \($0.remote.visible)/\($0.branch.visible)"
        }.joined(separator: "\n")
    }
}
