internal import Config
public import Core
public import Fleet
internal import Foundation

/// Puts recorded inputs through today's program and settings, and shows what is decided otherwise.
public struct AuditReplay: Sendable {
    /// What one input leads to that it did not lead to then, or the other way round.
    public struct Difference: Sendable, Equatable {
        public enum Side: String, Sendable { case would, did }

        public var at: Timestamp
        public var branch: String?
        public var side: Side
        public var what: String
    }

    public struct Report: Sendable, Equatable {
        public var inputs = 0
        /// Decisions that are the same.
        public var same = 0
        public var differences: [Difference] = []
        /// Inputs that today's program cannot read.
        public var unreadable = 0
        /// Inputs before the first plan of the record: nobody knows what they were decided by.
        public var skipped = 0
        /// Decisions of then and now with their times, for a picture.
        public var marks: [Mark] = []
    }

    public struct Mark: Sendable, Equatable {
        public var at: Timestamp
        public var branch: String
        public var what: String
        public var isSame: Bool
    }

    let log: AuditLog
    let context: FleetContext
    let source: OrchestratorSource

    public init(log: AuditLog, context: FleetContext, source: OrchestratorSource) {
        self.log = log
        self.context = context
        self.source = source
    }

    /// With `asRecorded` the settings of then are used, so that only the program can make a difference.
    public func run(branch: String?, since: Timestamp?, asRecorded: Bool) throws -> Report {
        let plan = try source.load().value
        var report = Report()
        var machine: OrchestratorMachine?
        // Commands that today's program does not make have their branches from the record.
        let recorded = Dictionary(
            log.lines.compactMap { line in
                line.branch.flatMap { branch in line.payload["id"]?.string.map { ($0, branch) } }
            }
        ) { $1 }
        for line in log.lines {
            switch line.event {
            case "plan":
                // One in the middle is there for records that begin with it.
                if machine != nil, line.payload["start"]?["isContinued"]?.bool == true { continue }
                machine = try? begin(line, plan, asRecorded)
            case "settings" where asRecorded:
                guard let object = try Self.completed(line.payload["settings"]),
                    let edit = Self.decode(RecordedSettings.self, object)
                else { continue }
                machine?.replace(settings: edit.settings, rules: try edit.rules.rules)
            case "input":
                guard machine != nil else {
                    report.skipped += 1
                    continue
                }
                // An input counts even where nobody wants to see it: what follows depends on it.
                guard let input = Self.decode(OrchestratorEvent.self, line.payload["input"]),
                    let did = Self.decode([OrchestratorEffect].self, line.payload["effects"])
                else {
                    report.unreadable += 1
                    continue
                }
                let would = machine?.receive(input, at: line.at) ?? []
                let known = machine?.commands ?? [:]
                _ = machine?.takeChanges()
                guard line.isAbout(branch, since) || branch != nil && line.branch == nil else { continue }
                report.inputs += 1
                compare(would, did, line, { known[$0]?.branch ?? recorded[$0] }, branch, &report)
            default: break
            }
        }
        return report
    }

    private func begin(_ line: AuditLog.Line, _ plan: OrchestratorPlan, _ asRecorded: Bool) throws
        -> OrchestratorMachine?
    {
        guard let start = Self.decode(OrchestratorStart.self, try Self.completed(line.payload["start"]))
        else {
            return nil
        }
        var machine = OrchestratorMachine(
            settings: asRecorded ? start.settings : plan.configuration.settings,
            rules: asRecorded ? try start.rules?.rules ?? plan.configuration.rules : plan.configuration.rules,
            salt: TaskOrchestrator.salt(of: context.id),
            standings: start.standings, commands: start.commands, nextNumber: start.nextNumber)
        if start.isContinued == true { machine.goOn(with: start.tasks, start.capacity) }
        return machine
    }

    /// Settings that the program of then did not know have their defaults.
    private static func completed(_ start: JSONValue?) throws -> JSONValue? {
        guard var object = start?.object, var settings = object["settings"]?.object,
            let defaults = try OrchestratorAudit.json(OrchestratorSettings()).object
        else { return start }
        for key in defaults.keys where settings[key] == nil { settings[key] = defaults[key] }
        object["settings"] = .object(settings)
        return .object(object)
    }

    private func compare(
        _ would: [OrchestratorEffect], _ did: [OrchestratorEffect], _ line: AuditLog.Line,
        _ branchOf: (_ command: String) -> String?, _ branch: String?, _ report: inout Report
    ) {
        var left = did
        for effect in would {
            let about = effect.branch(branchOf) ?? line.branch ?? ""
            let isSame = left.firstIndex(of: effect).map { left.remove(at: $0) } != nil
            guard branch == nil || about == branch else { continue }
            report.marks.append(Mark(at: line.at, branch: about, what: effect.words, isSame: isSame))
            if isSame {
                report.same += 1
            } else {
                report.differences.append(
                    Difference(at: line.at, branch: about, side: .would, what: effect.words))
            }
        }
        for effect in left {
            let about = effect.branch(branchOf) ?? line.branch ?? ""
            guard branch == nil || about == branch else { continue }
            report.marks.append(Mark(at: line.at, branch: about, what: effect.words, isSame: false))
            report.differences.append(
                Difference(at: line.at, branch: about, side: .did, what: effect.words))
        }
    }

    private static func decode<Value: Decodable>(_ type: Value.Type, _ value: JSONValue?) -> Value? {
        guard let value else { return nil }
        return try? JSONDecoder().decode(type, from: Data(value.serialized().utf8))
    }
}

extension OrchestratorEffect {
    /// For people.
    var words: String {
        switch self {
        case .spawn: "start the agent"
        case .prepare(_, let prompt): "gather input (\(prompt.rawValue))"
        case .decide: "ask the decider"
        case .run(let command): "run \(command)"
        case .interrupt(let command): "interrupt \(command)"
        case .ask(let command): "ask about \(command)"
        case .withdraw(let approval): "withdraw \(approval)"
        case .alarm(let alarm): "alarm: \(alarm.reason.words) (\(alarm.detail))"
        case .tell(_, _, let text): "tell: \(text)"
        case .changed(_, let from, let to, let why): "\(from.rawValue) -> \(to.rawValue): \(why)"
        case .dropped(let command, let state, let why): "\(state.rawValue) \(command): \(why)"
        }
    }

    func branch(_ branchOf: (_ command: String) -> String?) -> String? {
        switch self {
        case .spawn(let branch), .prepare(let branch, _), .decide(let branch), .tell(let branch, _, _),
            .changed(let branch, _, _, _):
            branch
        case .run(let id), .interrupt(let id), .ask(let id), .dropped(let id, _, _): branchOf(id)
        case .alarm(let alarm): alarm.branch
        case .withdraw: nil
        }
    }
}
