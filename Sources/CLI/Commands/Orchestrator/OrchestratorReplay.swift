internal import ArgumentParser
internal import Core
internal import Fleet
internal import Orchestrator
internal import SystemPackage

/// `replay` of what an orchestrator recorded.
enum OrchestratorReplay {
    /// Prints counts, span, last command and deepest queue, and with `limit` the last lines.
    static func summarise(
        _ log: AuditLog, branch: String?, since: Timestamp?, limit: Int?, _ context: CommandContext
    ) {
        context.console.render(
            AuditSummaryView(
                summary: log.summary(of: branch, since: since),
                lines: limit.map { log.entries(of: branch, since: since, limit: $0) } ?? [],
                broken: log.broken),
            json: context.json)
    }

    /// Puts the recorded inputs through today's program and settings.
    static func run(
        _ log: AuditLog, _ fleet: FleetContext, file: FilePath?, branch: String?, since: Timestamp?,
        limit: Int?,
        asRecorded: Bool, svg: Bool, _ context: CommandContext
    ) throws {
        let source = file.map { OrchestratorSource(file: $0) } ?? OrchestratorSource(context: fleet)
        let report = try AuditReplay(log: log, context: fleet, source: source)
            .run(branch: branch, since: since, asRecorded: asRecorded)
        let picture = svg ? AuditPicture.svg(report) : nil
        context.console.render(
            AuditReplayView(report: report, limit: limit, svg: picture), json: context.json)
    }
}

private struct AuditSummaryView: Renderable {
    var summary: AuditLog.Summary
    var lines: [AuditLog.Line]
    var broken: Int

    var json: JSONValue {
        var counts = JSONObject()
        for (event, count) in summary.counts.sorted(by: { $0.key < $1.key }) { counts.set(event, count) }
        var object: JSONObject = ["counts": .object(counts)]
        object.set("from", summary.from)
        object.set("to", summary.to)
        object.set("last_command", summary.lastCommand)
        object.set("deepest_queue", summary.deepestQueue)
        object.set("deepest_queue_branch", summary.deepestBranch)
        object.set("broken_lines", broken)
        object["events"] = .array(lines.map { .object($0.payload) })
        return .object(object)
    }

    func text(_ style: Style) -> String {
        let unread = broken > 0 ? [style.dim("\(broken) lines could not be read")] : []
        guard let from = summary.from, let to = summary.to else {
            return (["Nothing was recorded."] + unread).joined(separator: "\n")
        }
        var text = [style.heading("Events")]
        text += summary.counts.sorted { $0.key < $1.key }.map { "  \($0.key): \($0.value)" }
        text.append("Span: \(from.iso8601) to \(to.iso8601) (\(to.distance(from: from).briefly))")
        text.append("Last command: \((summary.lastCommand ?? "none").visible)")
        let branch = summary.deepestBranch.map { " (\($0.visible))" } ?? ""
        text.append("Deepest queue: \(summary.deepestQueue)\(branch)")
        text += unread
        text += lines.map { line in
            let what =
                ["text", "to", "reason", "summary", "output"].compactMap { line.payload[$0]?.string }.first
                ?? ""
            let first = what.split(separator: "\n").first ?? ""
            return
                "\(line.at.iso8601)  \((line.branch ?? "-").visible)  \(line.event.visible)  \(String(first.prefix(100)).visible)"
        }
        return text.joined(separator: "\n")
    }
}

private struct AuditReplayView: Renderable {
    var report: AuditReplay.Report
    var limit: Int?
    var svg: String?

    private var shown: ArraySlice<AuditReplay.Difference> {
        limit.map { report.differences.prefix($0) } ?? report.differences[...]
    }

    var json: JSONValue {
        var object: JSONObject = [:]
        object.set("inputs", report.inputs)
        object.set("same", report.same)
        object.set("only_would", report.differences.count { $0.side == .would })
        object.set("only_did", report.differences.count { $0.side == .did })
        object.set("unreadable", report.unreadable)
        object.set("skipped", report.skipped)
        object["differences"] = .array(
            shown.map { difference in
                var object: JSONObject = [
                    "side": .string(difference.side.rawValue), "what": .string(difference.what),
                ]
                object.set("at", difference.at)
                object.set("branch", difference.branch)
                return .object(object)
            })
        object.set("svg", svg)
        return .object(object)
    }

    func text(_ style: Style) -> String {
        if let svg { return String(svg.dropLast()) }
        var lines = shown.map { difference in
            let words =
                "\(difference.at.iso8601)  \((difference.branch ?? "-").visible): \(difference.what.visible)"
            return difference.side == .would ? style.success("+ " + words) : style.error("- " + words)
        }
        let (would, did) = (
            report.differences.count { $0.side == .would }, report.differences.count { $0.side == .did }
        )
        lines.append(
            "\(report.inputs) inputs: \(report.same) decisions the same, \(would) would be new, \(did) would not be made."
        )
        if report.skipped > 0 {
            lines.append(
                "\(report.skipped) inputs stand before the first plan of the record and were skipped.")
        }
        if report.unreadable > 0 { lines.append("\(report.unreadable) inputs could not be read.") }
        return lines.joined(separator: "\n")
    }
}
