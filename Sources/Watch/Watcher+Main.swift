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
        let watch = agents.values.first { $0.agent.place.worktree == checkout }
        let isMain = checkout == context.root
        // An agent without a worktree of its own works in the main checkout: both hear of it.
        let subjects = (watch.map { [$0.agent.subject] } ?? []) + (isMain ? [.mainCheckout] : [])
        guard !subjects.isEmpty else {
            step.counters = [CounterIncrement("tmux_agent_unwatched_hook_lines_total")]
            return _ = try await store.commit(step, for: .mainCheckout, at: now)
        }
        let event = await context.hookEvent(
            line.name, branch: line.branch, commit: line.commit, run: line.run,
            since: (watch?.machine ?? main).facts.commit)
        let body = Signal.Body.gitHook(event)
        step.counters = [CounterIncrement("tmux_agent_signals_total", labels: ["kind": "git_hook"])]
        for subject in subjects {
            step.journal = [
                JournalDraft(
                    subject: subject, kind: .gitHook, source: "git", payload: body.json, run: event.insideRun)
            ]
            if let watch, subject == watch.agent.subject, watch.agent.pane == nil {
                // Its worktree is being made: nothing may begin before there is an agent.
                try await store.commit(step, for: subject, at: now)
                watch.machine = PolicyMachine(
                    policy: watch.machine.policy, facts: facts(after: event, subject),
                    runs: watch.machine.runs)
            } else {
                try await takeBranch(event, of: subject)
                try await decide(.signal(Signal(subject: subject, at: now, body: body)), about: subject, step)
            }
            // The position moves once, with the first of them.
            (step.file, step.counters) = (nil, [])
        }
    }

    /// A hook says what is checked out now, which may be another branch than before.
    private func takeBranch(_ event: GitHookEvent, of subject: Subject) async throws {
        let facts = facts(after: event, subject)
        if let watch = agents.values.first(where: { $0.agent.subject == subject }) {
            return try await take(facts, of: watch)
        }
        guard facts != main.facts else { return }
        try await decide(.factsChanged(facts), about: subject, WatchStep())
    }

    private func facts(after event: GitHookEvent, _ subject: Subject) -> SubjectFacts {
        var facts = agents.values.first { $0.agent.subject == subject }?.machine.facts ?? main.facts
        (facts.branch, facts.commit) = (event.branch, event.commit ?? facts.commit)
        return facts
    }

    static func mainFacts(branch: String?, now: Timestamp) -> SubjectFacts {
        SubjectFacts(subject: .mainCheckout, branch: branch, host: "local", since: now)
    }

    func mainFacts() async -> SubjectFacts {
        // a detached HEAD and an unreadable one are the same here
        let branch = try? await context.repository.mainBranch()
        var facts = Self.mainFacts(branch: branch?.rawValue, now: now)
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
        case .refused(let reason):
            log.error("policy: the last good one stays in force: \(reason)")
            policyNews = ["refused": .string(reason)]
        case .replaced(let warnings):
            for warning in warnings { log.warning("policy: \(warning)") }
            policyNews = ["pipelines": .integer(Int64(policy.policy.pipelines.count))]
        }
    }

    /// Takes up edited detection rules; while a file is broken the last good ones stay in force.
    func reloadDetection() {
        do {
            let failures = try context.detection.reload()
            for failure in failures {
                log.error("detection rules: the last good ones stay in force: \(failure.message)")
            }
            if failures.isEmpty { log.info("detection rules: taken up") }
        } catch {
            failed("detection rules", error)
        }
        for watch in agents.values { watch.isUnjudged = true }
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
