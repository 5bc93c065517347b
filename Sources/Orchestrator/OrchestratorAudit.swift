internal import Core
internal import Fleet
internal import Foundation
internal import Glibc
internal import ProcessKit
internal import Store
internal import SystemPackage

/// The record of every decision, as lines of JSON that `replay` reads: `.tmuxagent/logs/orchestrator-actions.jsonl`.
///
/// A file over the limit becomes `….1`, the former `….1` becomes `….2`, and so on. What cannot be written is said once and
/// holds nothing up: the database has what matters.
struct OrchestratorAudit: Sendable {
    static let fileName = "orchestrator-actions.jsonl"
    static let limit: Int64 = 16 << 20
    static let kept = 5

    let path: FilePath
    private let limit: Int64

    init(context: FleetContext) { self.init(path: context.logs.appending(Self.fileName)) }

    init(path: FilePath, limit: Int64 = Self.limit) {
        self.path = path
        self.limit = limit
    }

    /// What a replay begins from.
    func begin(_ machine: OrchestratorMachine, tasks: [PlannedTask], at now: Timestamp) throws {
        try Files.makeFolder(path.removingLastComponent(), mode: 0o700)
        try append([
            line(now, "plan", nil, ["start": try Self.json(OrchestratorStart(machine, tasks: tasks))])
        ])
    }

    /// Settings and rules that the inputs behind them are decided by.
    func write(_ settings: RecordedSettings, at now: Timestamp) throws {
        try append([line(now, "settings", nil, ["settings": try Self.json(settings)])])
    }

    /// What one event led to; `machine` is as it is afterwards.
    func write(
        _ event: OrchestratorEvent, _ effects: [OrchestratorEffect], _ changes: OrchestratorChanges,
        _ decision: RecordedDecision?, _ machine: OrchestratorMachine, at now: Timestamp
    ) throws {
        var lines: [String] = []
        if let input = try? Self.json(event), let done = try? Self.json(effects) {
            lines.append(line(now, "input", event.branch, ["input": input, "effects": done]))
        }
        if let decision { lines.append(line(now, decision)) }
        lines += changes.commands.compactMap { line(now, $0, machine) }
        if case .answered(let approval, let approved, let by) = event {
            let command = changes.commands.first { $0.approval == approval }
            var payload: JSONObject = [
                "approval": .string(approval.rawValue), "approved": .bool(approved), "by": .string(by),
            ]
            if let command { payload["text"] = .string(command.content.shownText) }
            lines.append(line(now, "confirmation", command?.branch, payload))
        }
        for effect in effects {
            switch effect {
            case .changed(let branch, let from, let to, let why):
                lines.append(
                    line(
                        now, "task", branch,
                        ["from": .string(from.rawValue), "to": .string(to.rawValue), "why": .string(why)]))
            case .alarm(let alarm):
                lines.append(
                    line(
                        now, "alarm", alarm.branch,
                        ["reason": .string(alarm.reason.rawValue), "detail": .string(alarm.detail)]))
            default: break
            }
        }
        try append(lines)
        guard let size = Files.size(path), size > limit else { return }
        rotate()
        // Former files go, so each has what a replay begins from.
        var start = OrchestratorStart(machine, tasks: machine.graph.tasks)
        start.isContinued = true
        try append([line(now, "plan", nil, ["start": try Self.json(start)])])
    }

    private func line(_ now: Timestamp, _ decision: RecordedDecision) -> String {
        var payload: JSONObject = [
            "prompt": .string(decision.prompt.rawValue), "prompt_hash": .string(decision.inputHash),
            "seconds": .number(Double(decision.duration.inMilliseconds) / 1000),
            "output": .string(String(decision.output.prefix(8192))),
        ]
        if let reason = decision.reason {
            payload["kind"] = .string(decision.outcome)
            payload["reason"] = .string(reason)
        }
        return line(now, decision.reason == nil ? "decision" : "error", decision.branch, payload)
    }

    /// A command that is new, begins, waits for a person, or has ended.
    private func line(_ now: Timestamp, _ command: QueuedCommand, _ machine: OrchestratorMachine) -> String? {
        let event =
            switch command.state {
            case .queued: "queued"
            case .confirming: "pending_confirmation"
            case .running: command.isInterrupted ? "interrupt" : "command"
            default: "result"
            }
        var payload: JSONObject = [
            "id": .string(command.id), "text": .string(command.content.shownText),
            "risk_level": .string(command.content.risk.rawValue),
            "queue_size": .integer(Int64(machine.standings[command.branch]?.queue.count ?? 0)),
        ]
        if let approval = command.approval { payload["approval"] = .string(approval.rawValue) }
        if !command.state.isOpen { payload["result"] = .string(command.state.rawValue) }
        if let code = command.exitCode { payload["exit_code"] = .integer(Int64(code)) }
        if let started = command.startedAt, let ended = command.endedAt {
            payload["seconds"] = .number(Double(ended.distance(from: started).inMilliseconds) / 1000)
        }
        if let detail = command.detail { payload["detail"] = .string(String(detail.suffix(4096))) }
        return line(now, event, command.branch, payload)
    }

    private func line(_ now: Timestamp, _ event: String, _ branch: String?, _ payload: JSONObject) -> String {
        var object: JSONObject = ["ts": .number(Double(now.milliseconds) / 1000)]
        object["branch"] = branch.map { .string($0) } ?? .null
        object["event"] = .string(event)
        for key in payload.keys { object[key] = payload[key] }
        return JSONValue.object(object).serialized() + "\n"
    }

    private func append(_ lines: [String]) throws {
        guard !lines.isEmpty else { return }
        try Files.append(lines.joined(), to: path)
    }

    private func rotate() {
        for number in (1..<Self.kept).reversed() {
            _ = unsafe rename("\(path).\(number)", "\(path).\(number + 1)")
        }
        _ = unsafe rename(path.string, "\(path).1")
    }

    static func json(_ value: some Encodable) throws -> JSONValue {
        let data = try JSONEncoder().encode(value)
        return try JSONValue.parse(bytes: Array(data))
    }
}
