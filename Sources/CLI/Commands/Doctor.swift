internal import ArgumentParser
internal import Core
internal import Daemon
internal import Fleet
internal import SystemPackage

struct DoctorCommand: AgentCommand {
    static let configuration = CommandConfiguration(
        commandName: "doctor", abstract: "Compare the fleet's records with git and tmux, and repair",
        discussion: """
            Shows every difference between the database, worktree folders, git's lists, branches, tmux and processes, each
            with what would be done. With --fix it does what is safe: work is never deleted. The exit status is 0 when all
            is well and 1 when differences remain. At the end stands what the fleet's files take on the disk, and what
            bounds them.

              tmux-agent doctor
              tmux-agent doctor --fix
            """)

    @OptionGroup var global: GlobalOptions
    @Flag(name: .long, help: "Repair what can be repaired safely") var fix = false

    func run(_ context: CommandContext) async throws {
        let report = try await Doctor(surroundings: context.surroundings).examine(fixing: fix)
        context.console.render(DoctorView(report: report), json: context.json)
        if !context.json, !fix, report.remaining.contains(where: \.isFixable) {
            context.console.hint("'tmux-agent doctor --fix' repairs what is marked with fix")
        }
        if !context.json { await showDashboard(context) }
        if !report.isWell { throw ExitCode(ExitStatus.notAchieved.rawValue) }
    }
}

extension DoctorCommand {
    /// Where the daemon's page is; a fleet that cannot be opened has told its troubles above.
    private func showDashboard(_ context: CommandContext) async {
        guard let fleet = try? await FleetContext.open(context.surroundings),
            let address = try? DaemonControl(context: fleet).address(of: .dashboard)
        else { return }
        context.console.hint("The dashboard is at \(address.url)")
    }
}

struct DoctorView: Renderable {
    var report: DoctorReport

    var json: JSONValue {
        var object: JSONObject = [
            "well": .bool(report.isWell), "findings": .array(report.remaining.map(\.json)),
            "fixed": .array(report.fixed.map(\.json)),
            "failed": .array(
                report.failed.map { failure in
                    guard case .object(var object) = failure.finding.json else { return .null }
                    object.set("reason", failure.reason)
                    return .object(object)
                }),
            "busy": .array(report.busy.map { .string($0) }),
            "disk": .array(report.disk.map(\.json)),
        ]
        object.set("agents", report.agents)
        object.set("git_version", report.gitVersion)
        object.set("tmux_version", report.tmuxVersion)
        return .object(object)
    }

    func text(_ style: Style) -> String {
        var lines = report.fixed.map { finding in
            "\(style.success("fixed"))  \(finding.problem.visible)\n       \(style.dim(finding.remedy.visible))"
        }
        for failure in report.failed {
            lines.append(
                "\(style.error("failed"))  \(failure.finding.problem.visible)\n       \(failure.reason.visible)"
            )
        }
        let failed = Set(report.failed.map { "\($0.finding.kind) \($0.finding.object)" })
        for finding in report.remaining where !failed.contains("\(finding.kind) \(finding.object)") {
            let word = finding.isFixable ? style.waiting("fix  ") : style.error("look ")
            lines.append("\(word)  \(finding.words.visible)")
            if !finding.remedy.isEmpty { lines.append("       \(style.dim(finding.remedy.visible))") }
        }
        lines += report.busy.map { "\(style.dim("busy "))  \($0.visible): another command works on it" }
        lines.append(summary(style))
        if !report.disk.isEmpty { lines += ["", disk(style)] }
        return lines.joined(separator: "\n")
    }

    private func disk(_ style: Style) -> String {
        var table = Table(header: ["FILES", "ON DISK", "WHAT IS KEPT"])
        table.rows = report.disk.map { use in
            [.init(use.kind.rawValue), .init(use.bytes.inMegabytes), .init(use.bound)]
        }
        return table.text(style, limit: 100)
    }

    private func summary(_ style: Style) -> String {
        let versions = [
            report.gitVersion.map { "git \($0.visible)" }, report.tmuxVersion.map { "tmux \($0.visible)" },
        ].compactMap(\.self).joined(separator: ", ")
        let count = report.remaining.count
        let words =
            report.isWell
            ? style.success("All is well") : "\(count) difference\(count == 1 ? " remains" : "s remain")"
        let agents = report.agents.map { "\($0) agent\($0 == 1 ? "" : "s")" }
        let facts = [agents, versions.isEmpty ? nil : versions].compactMap(\.self)
        return words + (facts.isEmpty ? "" : ": ") + facts.joined(separator: ", ") + "."
    }
}

extension Finding {
    /// The problem, behind its place in a file.
    fileprivate var words: String {
        switch kind {
        case .settings, .policy: problem.contains(object) ? problem : "\(object): \(problem)"
        default: problem
        }
    }

    var json: JSONValue {
        [
            "kind": .string(kind.rawValue), "object": .string(object), "problem": .string(problem),
            "remedy": .string(remedy), "fixable": .bool(isFixable),
        ]
    }
}

extension DiskUse {
    var json: JSONValue {
        [
            "kind": .string(kind.rawValue), "path": .string(path.string), "files": .integer(Int64(files)),
            "bytes": .integer(bytes), "limit": limit.map { .integer($0) } ?? .null, "bound": .string(bound),
        ]
    }
}
