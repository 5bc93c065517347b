internal import Config
internal import Core
internal import Fleet
internal import GitKit
internal import ProcessKit
internal import Store
internal import SystemPackage

/// What a board's reader need not read again.
actor BoardMemory {
    /// It looks into files.
    private let executor = BlockingExecutor(label: "board-memory")
    nonisolated var unownedExecutor: UnownedSerialExecutor { unsafe executor.asUnownedSerialExecutor() }

    private let context: SiteContext
    private var past: BoardHistory?
    private var known: [Subject: String] = [:]
    private var knownAt: Int64 = -1
    private var policyStamp: Timestamp??
    private var lastPolicy = BoardPolicy()
    private var diffs: [ApprovalID: (at: Timestamp, stat: DiffStat?)] = [:]
    private var questions: [ApprovalID: Approval] = [:]
    private var lines: [String: LastLine] = [:]
    private var beats: (count: Double, at: Timestamp?)?

    /// How many journal rows are read at first.
    private static let firstRows: Int64 = 10_000
    /// After so long the worktree of an open question is looked at again.
    private static let diffAge = Duration.seconds(20)
    /// A board does not wait for more taps than these.
    private static let mostTaps = 8

    init(context: SiteContext) { self.context = context }

    func history(runs: [PipelineRun], now: Timestamp) async throws -> BoardHistory {
        var history: BoardHistory
        if let past {
            history = past
        } else {
            let newest = try await context.store.newestJournalID()
            history = BoardHistory(after: max(0, newest - Self.firstRows))
        }
        while true {
            let entries = try await context.store.journal(after: history.last, limit: 2000)
            history.add(entries)
            if entries.count < 2000 { break }
        }
        history.forget(runsExcept: Set(runs.map(\.id)), now: now)
        // Of two that read at once the one that read more stays.
        if history.last >= past?.last ?? -1 { past = history }
        return history
    }

    /// Branches of all subjects, those of removed agents too; `newest`: the journal's last row, where the history may not
    /// be of now.
    func branches(asOf newest: Int64? = nil) async throws -> [Subject: String] {
        let newest = newest ?? past?.last ?? 0
        guard newest != knownAt || known.isEmpty else { return known }
        let agents = try await context.store.agents(includingRemoved: true)
        known = Dictionary(agents.map { ($0.subject, $0.place.branch) }) { $1 }
        // A detached HEAD has no branch to show.
        known[.mainCheckout] = (try? await context.fleet?.repository.mainBranch())?.rawValue
        knownAt = newest
        return known
    }

    /// The file as it is, read again when it changed.
    func policy() async -> BoardPolicy {
        let stamp = context.policyFile.flatMap { Files.modifiedAt($0) }
        if let policyStamp, policyStamp == stamp { return lastPolicy }
        do {
            lastPolicy = BoardPolicy(policy: try await context.policy())
        } catch {
            lastPolicy = BoardPolicy(
                problem: (error as? any UserFacingError)?.message ?? "\(error)")
        }
        policyStamp = .some(stamp)
        return lastPolicy
    }

    /// What the branch of a question changed; nil for a worktree that git says nothing about.
    func diff(of question: Approval, now: Timestamp) async -> DiffStat? {
        guard case .agent(let id) = question.subject, let fleet = context.fleet else { return nil }
        if let kept = diffs[question.id], now.distance(from: kept.at) < Self.diffAge { return kept.stat }
        // A question can be answered without the numbers: a broken worktree is doctor's to explain.
        let stat = try? await AgentDiff(of: id.rawValue, uncommitted: false, context: fleet).stat()
        if diffs.count > 200 { diffs = [:] }
        diffs[question.id] = (now, stat)
        return stat
    }

    /// The question that a message is about, as it was asked; nil for other messages, and where it is long forgotten.
    func question(of notice: RecordedNotice) async throws -> Approval? {
        guard let id = notice.approval else { return nil }
        if let known = questions[id] { return known }
        let approval = try await context.store.approval(id)
        if questions.count > 200 { questions = [:] }
        questions[id] = approval
        return approval
    }

    /// The last line of every tap, by the names that are given; of those that have grown a few are looked at each time.
    func lastLines(of taps: [(name: String, tap: FilePath)]) -> [String: String] {
        var left = Self.mostTaps
        var found: [String: String] = [:]
        let settings = context.fleet?.configuration.tmux
        for (name, tap) in taps {
            let size = Files.size(tap) ?? 0
            var line = lines[name] ?? LastLine(size: -1, text: nil)
            if line.size != size, left > 0 {
                left -= 1
                line = LastLine(
                    tap: tap, size: size, columns: settings?.columns ?? 200, rows: settings?.rows ?? 50)
                lines[name] = line
            }
            found[name] = line.text
        }
        let living = Set(taps.map(\.name))
        if lines.count > living.count { lines = lines.filter { living.contains($0.key) } }
        return found
    }

    /// When the orchestrator's turns were last seen to have grown in number; nil before that was seen.
    func beat(now: Timestamp) async throws -> Timestamp? {
        let counters = try await context.store.counters()
        let count = counters.first { $0.name == "tmux_agent_orchestrator_heartbeats_total" }?.value ?? 0
        if let beats, beats.count != count { self.beats = (count, now) }
        if beats == nil { beats = (count, nil) }
        return beats?.at
    }

    /// A board shows no panes when the list of them cannot be read.
    func watchedPanes() -> [WatchedPane] { (try? context.watchedPanes()) ?? [] }
}
