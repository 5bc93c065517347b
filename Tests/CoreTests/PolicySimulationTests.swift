import Core
import Foundation
import Testing

@Suite("Random policies under random events")
struct PolicySimulationTests {
    /// 500 plans; split so that they can run beside one another.
    @Test("Invariants hold, and a restart between any two events changes nothing", arguments: 0..<10)
    func invariants(part: Int) throws {
        var actions = 0
        var ends: Set<PipelineRun.State> = []
        for seed in (part * 50)..<(part * 50 + 50) {
            let world = try simulate(seed: UInt64(seed), events: 50)
            #expect(world.problems == [], "seed \(seed)")
            actions += world.items.count
            ends.formUnion(world.runs.values.map(\.state))
        }
        // A world in which nothing happens would prove nothing.
        #expect(actions > 200)
        #expect(ends == Set(PipelineRun.State.allCases))
    }

    private func simulate(seed: UInt64, events: Int) throws -> PolicyWorld {
        var plan = PolicyRandomPlan(seed: seed)
        let facts = SubjectFacts(
            subject: .agent(AgentID("a")), branch: "main", since: Timestamp(milliseconds: 1_000_000))
        var world = PolicyWorld(facts: facts, policy: plan.policy())
        var machine = PolicyMachine(policy: world.policy, facts: world.facts)
        for step in 0..<events {
            let event = step == 0 ? .tick : plan.event(world)
            if event == .tick { world.now = world.now.advanced(by: .seconds(plan.next(120))) }
            var restarted = PolicyMachine(
                policy: world.policy, facts: world.facts, runs: world.order.compactMap { world.runs[$0] })
            let ids = { countingIDs(from: UInt64(step) << 32) }
            let effects = machine.receive(event, at: world.now, ids: ids())
            let again = restarted.receive(event, at: world.now, ids: ids())
            if effects != again {
                world.problems.append("step \(step): a restart changes effects of \(event)")
            }
            // A fresh machine may ask for one tick more, because it cannot know what the last one looked at.
            let due = [machine, restarted].map { $0.nextDeadline?.milliseconds ?? .max }
            if event == .tick ? due[0] != due[1] : due[0] < due[1] {
                world.problems.append("step \(step): a restart changes the next deadline")
            }
            if event == .tick, let due = machine.nextDeadline, due <= world.now {
                world.problems.append("step \(step): a tick leaves a deadline behind")
            }
            try world.apply(event, effects)
            world.facts = machine.facts
            world.policy = machine.policy
            world.checkRuns(step)
        }
        return world
    }
}

extension PolicyWorld {
    mutating func apply(_ event: PolicyEvent, _ effects: [PolicyEffect]) throws {
        noteContinuing(policy)
        if case .policyReplaced(let policy) = event { noteContinuing(policy) }
        if case .actionEnded(let result) = event { outstanding.removeAll { $0 == result.item } }
        if case .approvalAnswered(let id, _) = event { questions.remove(id) }
        var changed: Set<RunID> = []
        for effect in effects {
            switch effect {
            case .began(let change), .changed(let change):
                if runs.updateValue(change.run, forKey: change.run.id) == nil { order.append(change.run.id) }
                changed.insert(change.run.id)
            case .perform(let item):
                checkItem(item)
                items.append(item.id)
                switch item.action {
                case .notify, .emit: break
                case .sendKeys, .keys, .shell, .spawn, .answerDialog: outstanding.append(item.id)
                }
            case .ask(let approval, _):
                if asked.contains(approval.id) { problems.append("asked twice: \(approval.id)") }
                if runs[approval.run]?.isEnded != false { problems.append("a run that ended asks") }
                asked.append(approval.id)
                questions.insert(approval.id)
            case .cancel(let id), .expire(let id, _):
                if questions.remove(id) == nil { problems.append("\(id) is not open") }
            case .escalate(let id, _, _, _, _):
                if items.contains(id) { problems.append("escalated twice: \(id)") }
                items.append(id)
            case .cancelPending(let run): outstanding.removeAll { $0.rawValue.hasPrefix("\(run)/") }
            case .ignored: break
            }
        }
        for id in changed {
            let data = try JSONEncoder().encode(runs[id])
            runs[id] = try JSONDecoder().decode(PipelineRun.self, from: data)
        }
    }

    /// A stage that failed and let its run go on has done so for good, whatever an edit says of it later.
    private mutating func noteContinuing(_ policy: Policy) {
        for pipeline in policy.pipelines {
            for stage in pipeline.stages where stage.failure.continues {
                continuing.insert("\(pipeline.name)/\(stage.name)")
            }
        }
    }

    private mutating func checkItem(_ item: OutboxItem) {
        if items.contains(item.id) { problems.append("key twice: \(item.id)") }
        guard item.id.rawValue.contains("/start/") else { return }
        guard let run = item.run.flatMap({ runs[$0] }), policy.pipeline(named: run.pipeline) != nil
        else {
            problems.append("\(item.id) belongs to no stored run")
            return
        }
        if run.state != .running { problems.append("\(item.id) acts in a run that is \(run.state)") }
        for stage in run.stages {
            if stage.name == item.stage {
                if stage.state != .running {
                    problems.append("\(item.id) acts while its stage is \(stage.state)")
                }
                return
            }
            let isSkipped = stage.state == .idle && stage.reason?.hasPrefix("skipped") == true
            let continues = continuing.contains("\(run.pipeline)/\(stage.name)")
            guard stage.state == .completed || isSkipped || (stage.state == .failed && continues) else {
                problems.append("\(item.id) acts although '\(stage.name)' is \(stage.state)")
                return
            }
        }
    }

    mutating func checkRuns(_ step: Int) {
        var busy: Set<String> = []
        for run in runs.values where run.state == .running {
            if !busy.insert(run.pipeline).inserted {
                problems.append("step \(step): two runs of \(run.pipeline)")
            }
            let active = run.stages.filter {
                [.waitingTrigger, .waitingApproval, .running].contains($0.state)
            }
            if active.count != 1 {
                problems.append("step \(step): \(active.count) stages of \(run.id) are active")
            }
        }
        for run in runs.values where run.isEnded {
            let active = run.stages.filter {
                [.waitingTrigger, .waitingApproval, .running].contains($0.state)
            }
            if !active.isEmpty {
                problems.append("step \(step): \(run.id) ended with \(active[0].name) \(active[0].state)")
            }
        }
    }
}
