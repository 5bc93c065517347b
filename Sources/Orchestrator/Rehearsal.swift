internal import Config
internal import Core
public import Fleet
internal import Foundation
internal import ProcessKit
internal import Store
internal import SystemPackage

/// What the orchestrator would do: everything is decided, nothing is done or stored.
public struct OrchestratorRehearsal: Sendable {
    /// One thing that would be done, and why.
    public struct Act: Sendable, Equatable {
        public enum Kind: String, Sendable {
            /// `wait`: nothing but room is missing; `blocked`: its dependencies conflict.
            case spawn, wait, blocked, command, question, refused, alarm, decision, done, error
        }

        public var kind: Kind
        public var branch: String
        public var what: String
        public var why: String
    }

    public struct Report: Sendable, Equatable {
        /// What would be done now.
        public var now: [Act] = []
        /// In which order the other tasks would begin, if each that begins comes to its end.
        public var later: [Act] = []
        /// Tasks that would never begin, with the one that stands in their way.
        public var blocked: [String: String] = [:]
    }

    let context: FleetContext
    let source: OrchestratorSource

    public init(context: FleetContext, source: OrchestratorSource) {
        self.context = context
        self.source = source
    }

    /// Asks the decider where a decision is due, as a real run would.
    public func run() async throws -> Report {
        let plan = try source.load().value
        let now = context.surroundings.now()
        var tasks = plan.configuration.tasks
        let stored = try await context.store.tasks()
        tasks += stored.filter { task in task.source == .added && !tasks.contains { $0.branch == task.id } }
            .map(\.task)
        _ = try TaskGraph(tasks)
        guard !tasks.isEmpty else { throw OrchestratorError.noTasks }
        var open = try await context.store.openCommands()
        var standings = Dictionary(
            stored.compactMap { task in
                task.standing.flatMap { standing in
                    tasks.contains { $0.branch == task.id } ? (task.id, standing) : nil
                }
            }
        ) { $1 }
        let requests = try await WaitingRequests(store: context.store)
        requests.hold(
            &standings, &open.commands, among: tasks,
            new: TaskStanding(phase: plan.configuration.settings.defaultPhase, at: now))
        var machine = TaskOrchestrator.machine(
            plan, context, standings: standings, commands: open.commands, nextNumber: open.nextNumber)
        var report = Report()
        let forecasts = try await forecasts(of: tasks, machine)
        _ = machine.receive(.capacity(try await context.capacity(for: machine.settings)), at: now)
        var effects = machine.receive(.planned(tasks: tasks), at: now)
        effects += machine.meet(forecasts, effects, at: now)
        for event in requests.events {
            let more = machine.receive(event, at: now)
            effects += more + machine.meet(forecasts, more, at: now)
        }
        let begun = tasks.filter { machine.standings[$0.branch]?.state == .running }
        for (branch, facts) in try await TaskFactReader(context: context).read(begun) {
            let more = machine.receive(.facts(branch: branch, facts: facts), at: now)
            effects += more + machine.meet(forecasts, more, at: now)
        }
        effects += try await decide(&machine, effects, plan, now, &report)
        report.now += effects.compactMap { act($0, machine, forecasts) }
        // What waits for a slot is among what begins later.
        if let shortage = machine.shortage, !shortage.isOfSlots {
            report.now += machine.ready.map {
                Act(kind: .wait, branch: $0, what: "an agent", why: shortage.words)
            }
        }
        report.later = rest(&machine, forecasts, now)
        report.blocked = machine.blockers
        return report
    }

    /// Of tasks that have no agent yet.
    private func forecasts(
        of tasks: [PlannedTask], _ machine: OrchestratorMachine
    ) async throws -> [String: BaseForecast] {
        // Only those are merged; for all others no folder is made.
        let tasks = tasks.filter { $0.dependsOn.count > 1 }
        guard !tasks.isEmpty else { return [:] }
        let branches = Set(try await context.store.agents().map(\.place.branch))
        let folder = context.run.appending("rehearsal-\(context.surroundings.processID)")
        try Files.makeFolder(folder, mode: 0o700)
        // What stays there is nobody's.
        defer { try? FileManager.default.removeItem(atPath: folder.string) }
        var forecasts: [String: BaseForecast] = [:]
        for task in tasks where !branches.contains(task.branch) {
            let standing = machine.standings[task.branch]
            guard standing?.state.isEnded != true, standing?.conflict == nil else { continue }
            forecasts[task.branch] = await TaskSpawning(context: context).forecast(task, scratch: folder)
        }
        return forecasts
    }

    private func decide(
        _ machine: inout OrchestratorMachine, _ effects: [OrchestratorEffect], _ plan: OrchestratorPlan,
        _ now: Timestamp, _ report: inout Report
    ) async throws -> [OrchestratorEffect] {
        let reader = DecisionInputReader(
            context: context, settings: plan.configuration.settings, prompts: plan.prompts)
        var more: [OrchestratorEffect] = []
        for case .prepare(let branch, let prompt) in effects {
            guard let task = machine.graph[branch], let standing = machine.standings[branch],
                let decider = plan.configuration.decider
            else { continue }
            let input = try await reader.read(task, standing, prompt: prompt, at: now)
            more += machine.receive(.prepared(branch: branch, hash: input.hash), at: now)
            guard machine.standings[branch]?.deciding.step == .asked else {
                report.now.append(
                    Act(
                        kind: .decision, branch: branch, what: "no call",
                        why: "nothing changed, or others are asked first"))
                continue
            }
            let outcome = try await DeciderCall(settings: decider, context: context).ask(
                input.prompt, in: input.folder)
            switch outcome.result {
            case .success(let decision):
                report.now.append(
                    Act(
                        kind: .decision, branch: branch, what: decision.summary ?? "a decision",
                        why: "its state is new to the decider"))
                let named = await SessionNames(context: context).resolved(decision, for: branch)
                more += machine.receive(.decided(branch: branch, decision: named), at: now)
            case .failure(let failure):
                report.now.append(
                    Act(kind: .error, branch: branch, what: failure.kind, why: failure.reason))
                more += machine.receive(.notDecided(branch: branch, reason: failure.reason), at: now)
            }
        }
        return more
    }

    private func act(
        _ effect: OrchestratorEffect, _ machine: OrchestratorMachine, _ forecasts: [String: BaseForecast]
    ) -> Act? {
        switch effect {
        case .changed(_, .starting, .waiting, _): return nil
        case .changed(let branch, _, .starting, let why):
            return spawn(branch, why, machine, forecasts[branch])
        case .alarm(let alarm) where alarm.reason == .conflict:
            let files = machine.standings[alarm.branch]?.conflict?.files ?? []
            return Act(
                kind: .blocked, branch: alarm.branch, what: "would be blocked: conflicts in \(files.briefly)",
                why: alarm.detail)
        case .changed(let branch, _, let to, let why):
            return Act(kind: .done, branch: branch, what: to.rawValue, why: why)
        case .run(let id):
            guard let command = machine.commands[id] else { return nil }
            return Act(
                kind: .command, branch: command.branch, what: command.content.shownText,
                why: "risk \(command.content.risk.rawValue)" + (command.content.notes.map { ", \($0)" } ?? "")
            )
        case .ask(let id):
            guard let command = machine.commands[id] else { return nil }
            return Act(
                kind: .question, branch: command.branch, what: command.content.shownText,
                why: "risk \(command.content.risk.rawValue), or the decision asks for a confirmation")
        case .dropped(let id, let state, let why):
            guard let command = machine.commands[id] else { return nil }
            return Act(
                kind: .refused, branch: command.branch, what: command.content.shownText,
                why: "\(state.rawValue): \(why)")
        case .alarm(let alarm):
            return Act(kind: .alarm, branch: alarm.branch, what: alarm.reason.words, why: alarm.detail)
        case .spawn, .prepare, .decide, .interrupt, .withdraw, .tell: return nil
        }
    }

    /// Nil where its dependencies conflict, which is said by itself.
    private func spawn(
        _ branch: String, _ why: String, _ machine: OrchestratorMachine, _ forecast: BaseForecast?
    ) -> Act? {
        if case .conflict = forecast { return nil }
        let template = machine.graph[branch]?.template.map { " from the template \($0)" } ?? ""
        let reason = [why, forecast?.words].compactMap(\.self).joined(separator: "; ")
        return Act(kind: .spawn, branch: branch, what: "an agent\(template)", why: reason)
    }

    /// The beginning of every other task when this machine has room and all that run come to their end one after another.
    private func rest(
        _ machine: inout OrchestratorMachine, _ forecasts: [String: BaseForecast], _ now: Timestamp
    ) -> [Act] {
        var acts: [Act] = []
        func add(_ effects: [OrchestratorEffect], _ why: String) {
            acts += effects.compactMap { effect in
                switch effect {
                case .changed(let branch, _, .starting, _): spawn(branch, why, machine, forecasts[branch])
                case .alarm(let alarm) where alarm.reason == .conflict: act(effect, machine, forecasts)
                default: nil
                }
            }
        }
        var time = now
        var effects = machine.receive(.capacity(Capacity()), at: now)
        effects += machine.meet(forecasts, effects, at: now)
        add(effects, "as soon as this machine has room")
        while let branch = machine.active.sorted().first, acts.count <= machine.graph.tasks.count {
            time = time.advanced(by: .seconds(1))
            effects = machine.finish(branch, at: time)
            effects += machine.meet(forecasts, effects, at: time)
            add(effects, "behind \(branch)")
        }
        return acts
    }
}

extension Shortage {
    fileprivate var isOfSlots: Bool { if case .slots = self { true } else { false } }
}

extension [String] {
    /// The first of them.
    fileprivate var briefly: String {
        prefix(5).joined(separator: ", ") + (count > 5 ? " and \(count - 5) more" : "")
    }
}

extension OrchestratorMachine {
    /// Lets the tasks that `effects` begin run into their conflicts, and those that get their room into theirs.
    fileprivate mutating func meet(
        _ forecasts: [String: BaseForecast], _ effects: [OrchestratorEffect], at now: Timestamp
    ) -> [OrchestratorEffect] {
        var all: [OrchestratorEffect] = []
        var left = effects[...]
        while let effect = left.popFirst() {
            guard case .spawn(let branch) = effect, case .conflict(let conflict)? = forecasts[branch] else {
                continue
            }
            let more = receive(.conflicted(branch: branch, conflict: conflict), at: now)
            all += more
            left += more
        }
        return all
    }

    /// Lets a task come to its end, as if all had been reported.
    fileprivate mutating func finish(_ branch: String, at now: Timestamp) -> [OrchestratorEffect] {
        var facts = standings[branch]?.facts ?? TaskFacts()
        let stages = graph[branch]?.stages ?? []
        facts.hasOpenRun = false
        facts.stages = Dictionary(stages.map { ($0, StageState.completed) }) { $1 }
        facts.isMerged = true
        facts.state = .idle
        facts.waitingFor = nil
        var effects = receive(.spawned(branch: branch, agent: facts.agent ?? AgentID("rehearsed")), at: now)
        effects += receive(.facts(branch: branch, facts: facts), at: now)
        effects += receive(.phase(branch: branch, phase: settings.completionPhase, source: .agent), at: now)
        if standings[branch]?.state.isActive == true {
            effects += receive(.requested(branch: branch, request: .cancel), at: now)
        }
        return effects
    }
}
