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
        let bytes = try Files.read(context.hookFile, from: from, limit: Int(min(length - from, 1 << 20)))
        var position = from
        while let end = bytes[Int(position - from)...].firstIndex(of: UInt8(ascii: "\n")) {
            let line = bytes[Int(position - from)..<end]
            let next = from + Int64(end) + 1
            try await take(HookLine(bytes: Array(line)), from: hookOffset, to: next)
            (position, hookOffset) = (next, next)
        }
    }

    private func take(_ line: HookLine?, from: Int64, to: Int64) async throws {
        var step = WatchStep()
        step.file = PositionAdvance(reader: Self.hookReader, from: from, to: to)
        guard let line, let (subject, event) = try await event(of: line) else {
            return _ = try await store.commit(step, for: .mainCheckout, at: now)
        }
        step.journal = [
            JournalDraft(
                subject: subject, kind: .gitHook, source: "git", payload: Signal.Body.gitHook(event).json,
                run: event.insideRun)
        ]
        step.counters = [CounterIncrement("tmux_agent_signals_total", labels: ["kind": "git_hook"])]
        let signal = Signal(subject: subject, at: now, body: .gitHook(event))
        try await decide(.signal(signal), about: subject, step)
    }

    /// Whose checkout the hook ran in, and what git says of its HEAD.
    private func event(of line: HookLine) async throws -> (Subject, GitHookEvent)? {
        let watch = agents.values.first { $0.agent.place.worktree == line.checkout }
        guard watch != nil || line.checkout == context.root else { return nil }
        var commit = line.commit.flatMap { CommitID($0) }
        if commit == nil, let branch = line.branch {
            commit = try? await context.repository.resolve("refs/heads/\(branch)")  // the branch may be gone by now
        }
        let paths: [String]
        if let commit, line.name != "post-checkout" {
            paths = try await context.repository.changes(in: commit).map(\.path)
        } else {
            paths = []
        }
        let event = GitHookEvent(
            name: line.name, branch: line.branch, commit: commit?.rawValue, paths: paths, insideRun: line.run)
        return (watch?.agent.subject ?? .mainCheckout, event)
    }

    static func mainFacts(branch: String?, now: Timestamp) -> SubjectFacts {
        SubjectFacts(subject: .mainCheckout, branch: branch, host: "local", since: now)
    }

    func mainFacts() async -> SubjectFacts {
        let branch = try? await context.repository.mainBranch()  // a detached HEAD and an unreadable one are the same here
        return Self.mainFacts(branch: branch?.rawValue, now: now)
    }

    /// Lets time pass for the main checkout's policies.
    func tickMain() async throws {
        guard let deadline = main.nextDeadline, deadline <= now else { return }
        try await decide(.tick, about: .mainCheckout, WatchStep())
    }

    /// Takes up an edited policy; a broken one leaves the last good one in force and is said.
    func reloadPolicy() {
        switch policy.reload(mainBranch: main.facts.branch) {
        case .none: return
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
                subject: .mainCheckout, kind: JournalKind("policy.loaded"), source: "daemon", payload: news)
        ]
        try await store.commit(step, for: .mainCheckout, at: now)
        policyNews = nil
        try await decide(.policyReplaced(policy.policy), about: .mainCheckout, WatchStep())
        for watch in agents.values.sorted(by: { $0.agent.id < $1.agent.id }) {
            try await decide(.policyReplaced(policy.policy), for: watch)
        }
    }
}

/// One line that a git hook appended.
struct HookLine {
    var name: String
    var checkout: FilePath
    var branch: String?
    var commit: String?
    var run: RunID?

    /// `<hook> TAB <checkout> TAB <branch or empty> TAB <commit> TAB <run or empty>`; nil for anything else.
    init?(bytes: [UInt8]) {
        let fields = bytes.split(separator: UInt8(ascii: "\t"), omittingEmptySubsequences: false)
            .map { String(decoding: $0, as: UTF8.self) }
        guard fields.count == 5, HookLine.names.contains(fields[0]), fields[1].hasPrefix("/") else {
            return nil
        }
        name = fields[0]
        checkout = FilePath(fields[1]).lexicallyNormalized()
        branch = fields[2].isEmpty ? nil : fields[2]
        commit = fields[3].isEmpty ? nil : fields[3]
        run = fields[4].isEmpty ? nil : RunID(fields[4])
    }

    static let names: Set = ["post-commit", "post-merge", "post-checkout", "post-rewrite"]
}
