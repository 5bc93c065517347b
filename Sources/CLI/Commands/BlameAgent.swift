internal import ArgumentParser
internal import Core
internal import Fleet
internal import GitKit
internal import ProcessKit
internal import SystemPackage

struct BlameAgent: AgentCommand {
    static let configuration = CommandConfiguration(
        commandName: "blame-agent",
        abstract: "Show which agent made a commit or a file's lines, and who approved it",
        discussion: """
            Reads the notes that are written when a run ends ([git] notes in fleet.toml).
            'git log --notes=tmux-agent' shows the same.

              tmux-agent blame-agent HEAD
              tmux-agent blame-agent main..feature/x --json
              tmux-agent blame-agent Sources/App.swift -L 10,20
            """)

    @OptionGroup var global: GlobalOptions
    @Argument(help: "A commit, a range such as main..feature/x, or a file") var commit: String
    @Option(
        name: [.customShort("L"), .customLong("lines")],
        help: "Lines of the file, as 'git blame -L' takes them: 10,20 or 10,+5")
    var lines: String?
    @Option(name: .shortAndLong, help: "At most so many commits of a range") var limit = 100

    func validate() throws {
        guard limit > 0 else { throw ValidationError("--limit must be 1 or more") }
    }

    func run(_ context: CommandContext) async throws {
        let fleet = try await FleetContext.open(context.surroundings)
        let provenance = Provenance(context: fleet)
        let path = context.surroundings.workingDirectory.pushing(FilePath(commit))
        let isFile = lines != nil || Files.exists(path) && !Files.isFolder(path)
        let findings =
            isFile
            ? try await provenance.findings(file: commit, lines: lines)
            : try await provenance.findings(commit, limit: limit)
        context.console.render(BlameView(findings: findings), json: context.json)
        if findings.isEmpty {
            context.console.hint("There is no commit in that range, and no committed line")
        }
    }
}

private struct BlameView: Renderable {
    var findings: [Provenance.Finding]

    var json: JSONValue {
        [
            "commits": .array(
                findings.map { finding in
                    [
                        "commit": .string(finding.commit.id.rawValue),
                        "author": .string(finding.commit.author),
                        "subject": .string(finding.commit.subject), "note": finding.note?.json ?? .null,
                        "lines": finding.lines.map { .integer(Int64($0)) } ?? .null,
                    ]
                })
        ]
    }

    func text(_ style: Style) -> String {
        findings.map { finding in
            let head =
                "\(style.heading(finding.commit.id.short))  \(finding.commit.subject.visible)  \(style.dim(finding.commit.author.visible))"
                + (finding.lines.map { "  \($0) line\($0 == 1 ? "" : "s")" } ?? "")
            guard let note = finding.note else { return head + "\n  no agent's note" }
            return ([head] + lines(of: note, style).map { "  " + $0 }).joined(separator: "\n")
        }.joined(separator: "\n")
    }

    private func lines(of note: ProvenanceNote, _ style: Style) -> [String] {
        var lines = [
            "agent \(style.agentName(note.branch.visible)) (\(note.agent.visible)), \(note.program.visible)"
                + (note.model.map { " \($0.visible)" } ?? "")
                + (note.template.map { ", template \($0.visible)" } ?? "")
        ]
        if let task = note.task { lines.append("task: \(task.visible)") }
        for run in note.runs {
            var words = ["\(run.pipeline.visible) \(run.state.visible)"]
            if !run.passed.isEmpty { words.append("passed \(run.passed.joined(separator: ", ").visible)") }
            if !run.failed.isEmpty { words.append("failed \(run.failed.joined(separator: ", ").visible)") }
            lines.append(words.joined(separator: ": "))
            lines += run.approvals.map { answer in
                "\(answer.stage.visible): \(answer.decision.visible) by \(answer.by.visible) through \(answer.through.visible)"
                    + (answer.reason.map { " (\($0.visible))" } ?? "")
            }
        }
        return lines
    }
}
