internal import Config
internal import Core
internal import Fleet
internal import GitKit
internal import Logging
internal import ProcessKit
internal import Store
internal import SystemPackage

extension Watcher {
    /// Takes up the lines that git hooks appended, one event each.
    func takeHooks() async throws {
        guard let length = Files.size(context.hookFile), length != hookOffset else { return }
        // The file was emptied by hand: begin at its start again.
        let from = length < hookOffset ? 0 : hookOffset
        let bytes = try Files.read(
            context.hookFile, from: from, limit: Int(min(length - from, Int64(HookLine.mostBytes))))
        var start = 0
        while let end = bytes[start...].firstIndex(of: UInt8(ascii: "\n")) {
            let next = from + Int64(end) + 1
            try await take(HookLine(bytes: Array(bytes[start..<end])), from: hookOffset, to: next)
            (start, hookOffset) = (end + 1, next)
        }
        // No hook writes so much without a line's end: somebody else's bytes must not block the hooks behind them.
        guard start == 0, bytes.count == HookLine.mostBytes else { return }
        let next = from + Int64(bytes.count)
        try await take(nil, from: hookOffset, to: next)
        hookOffset = next
    }

    private func take(_ line: HookLine?, from: Int64, to: Int64) async throws {
        var step = WatchStep()
        step.file = PositionAdvance(reader: Self.hookReader, from: from, to: to)
        guard let line else {
            step.counters = [CounterIncrement("tmux_agent_foreign_hook_lines_total")]
            return _ = try await store.commit(step, for: .mainCheckout, at: now)
        }
        // A shell says its folder as somebody came to it, which may be through a link.
        let checkout = Files.realPath(line.checkout) ?? line.checkout
        let watches = agents.values.filter { $0.agent.place.worktree == checkout }
            .sorted { $0.agent.id < $1.agent.id }
        // Agents without a worktree of their own work in the main checkout: all of them and its own runs hear of it.
        let subjects = watches.map(\.agent.subject) + (checkout == context.root ? [.mainCheckout] : [])
        guard !subjects.isEmpty else {
            step.counters = [CounterIncrement("tmux_agent_unwatched_hook_lines_total")]
            return _ = try await store.commit(step, for: .mainCheckout, at: now)
        }
        let event = await context.hookEvent(
            line.name, branch: line.branch, commit: line.commit, run: line.run,
            since: (watches.first?.machine ?? main).facts.commit)
        step.counters = [CounterIncrement("tmux_agent_signals_total", labels: ["kind": "git_hook"])]
        var machines: [Subject: PolicyMachine] = [:]
        for subject in subjects {
            let watch = watches.first { $0.agent.subject == subject }
            if let watch, watch.agent.pane == nil {
                // Its worktree is being made: nothing may begin before there is an agent.
                watch.machine = PolicyMachine(
                    policy: watch.machine.policy, facts: facts(after: event, subject),
                    runs: watch.machine.runs)
            } else {
                try await takeBranch(event, of: subject)
                machines[subject] = watch?.machine ?? main
            }
        }
        try await tell(event, subjects, machines, adding: step)
    }

    /// One step for all that hear of an event, so that none of them hears of it twice or not at all.
    private func tell(
        _ event: GitHookEvent, _ subjects: [Subject], _ machines: [Subject: PolicyMachine],
        adding first: WatchStep
    ) async throws {
        let (now, ids, escalations) = (now, ids, context.configuration.escalations)
        let body = Signal.Body.gitHook(event)
        let outcomes = try await store.commit(subjects, at: now) { subject in
            // The position moves once for all.
            var step = subject == subjects.first ? first : WatchStep()
            step.journal = [
                JournalDraft(
                    subject: subject, kind: .gitHook, source: "git", payload: body.json, run: event.insideRun)
            ]
            guard var machine = machines[subject] else { return Decided(step, StepOutcome?.none) }
            let signal = Signal(subject: subject, at: now, body: body)
            step.add(
                machine.receive(.signal(signal), at: now, ids: ids), subject: subject, at: now, escalations)
            return Decided(step, StepOutcome(machine: machine, hasWork: !step.outbox.isEmpty))
        }
        for (subject, outcome) in zip(subjects, outcomes) {
            if let outcome { take(outcome, of: agentWatch(of: subject)) }
        }
    }

    /// A hook says what is checked out now, which may be another branch than before.
    private func takeBranch(_ event: GitHookEvent, of subject: Subject) async throws {
        let facts = facts(after: event, subject)
        if let watch = agentWatch(of: subject) { return try await take(facts, of: watch) }
        guard facts != main.facts else { return }
        try await decide(.factsChanged(facts), about: subject, WatchStep())
    }

    private func facts(after event: GitHookEvent, _ subject: Subject) -> SubjectFacts {
        var facts = (agentWatch(of: subject)?.machine ?? main).facts
        (facts.branch, facts.commit) = (event.branch, event.commit ?? facts.commit)
        return facts
    }

    static func mainFacts(branch: String?, since: Timestamp) -> SubjectFacts {
        SubjectFacts(subject: .mainCheckout, branch: branch, host: "local", since: since)
    }

    /// Its timers count from the fleet's beginning, as an agent's do from its own.
    func mainFacts() async throws -> SubjectFacts {
        // a detached HEAD and an unreadable one are the same here
        let branch = try? await context.repository.mainBranch()
        var facts = Self.mainFacts(
            branch: branch?.rawValue, since: try await store.registeredAt() ?? now)
        // before the first commit, and in a bare repository, there is none
        facts.commit = (try? await context.repository.head(of: context.root))?.rawValue
        return facts
    }

    /// Lets time pass for the main checkout's policies.
    func tickMain() async throws {
        guard let deadline = main.nextDeadline, deadline <= now else { return }
        try await expireApprovals(at: now)
        try await decide(.tick, about: .mainCheckout, WatchStep())
    }

    /// Takes up an edited policy; a broken one leaves the last good one in force and is said.
    func reloadPolicy() {
        switch policy.reload(mainBranch: main.facts.branch, dialogs: context.dialogIDs) {
        case .none: return
        case .missing(let reason):
            log.warning("policy: \(reason)")
            policyNews = ["pipelines": 0, "missing": true]
        case .refused(let reason):
            log.error("policy: the last good one stays in force: \(reason)")
            policyNews = ["refused": .string(reason)]
        case .replaced(let warnings):
            for warning in warnings { log.warning("policy: \(warning)") }
            policyNews = ["pipelines": .integer(Int64(policy.policy.pipelines.count))]
        }
    }

    /// Tells every machine of a policy that was taken up.
    func spreadPolicy() async throws {
        guard let news = policyNews else { return }
        var step = WatchStep()
        step.journal = [
            JournalDraft(
                subject: .mainCheckout, kind: .policyLoaded, source: "daemon", payload: news)
        ]
        try await store.commit(step, for: .mainCheckout, at: now)
        policyNews = nil
        try await decide(.policyReplaced(policy.policy), about: .mainCheckout, WatchStep())
        for watch in agents.values.sorted(by: { $0.agent.id < $1.agent.id }) {
            try await decide(.policyReplaced(policy.policy), for: watch)
            watch.dialogs.reconsider()
            watch.isUnjudged = true
        }
    }
}
