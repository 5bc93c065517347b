/// How one stage that a gate requires stands for one commit.
public struct StageStanding: Sendable, Equatable {
    public enum State: Sendable, Equatable {
        /// Completed by what commands of ours found.
        case measured
        /// Completed because somebody said so: no command of the stage ran.
        case reported
        case missing(Lack)
    }

    /// Why it does not hold.
    public enum Lack: Sendable, Equatable {
        /// No run of this commit has the stage.
        case noRun
        case notDone(StageState, reason: String?)
        case failed(reason: String?)
        /// It was completed in a worktree that was not this commit, or not only.
        case unclean(String)
        /// It was completed and nobody looked at the worktree.
        case unseen
    }

    public var stage: String
    public var state: State
    /// The run that decides.
    public var run: PipelineRun?

    public init(stage: String, state: State, run: PipelineRun? = nil) {
        self.stage = stage
        self.state = state
        self.run = run
    }

    public var holds: Bool {
        switch state {
        case .measured, .reported: true
        case .missing: false
        }
    }
}

extension StageStanding {
    /// Judges a stage by the runs whose commit is the one in question, oldest first, and by what was seen of their
    /// worktrees, each run's looks in the order in which they were taken.
    ///
    /// A measurement is worth more than a report, and one run that holds is enough.
    public static func judge(
        _ stage: String, commit: String, runs: [PipelineRun], looks: [RunID: [WorktreeLook]]
    ) -> StageStanding {
        var best: StageStanding?
        for run in runs.reversed() where run.commit == commit {
            guard let found = run.stages.first(where: { $0.name == stage }) else { continue }
            let state = judge(found, commit: commit, looks: looks[run.id] ?? [])
            let standing = StageStanding(stage: stage, state: state, run: run)
            if state == .measured { return standing }
            if best == nil || (standing.holds && best?.holds == false) { best = standing }
        }
        return best ?? StageStanding(stage: stage, state: .missing(.noRun))
    }

    private static func judge(_ stage: StageRun, commit: String, looks: [WorktreeLook]) -> State {
        switch stage.state {
        case .completed: break
        case .failed: return .missing(.failed(reason: stage.reason))
        case .idle, .waitingTrigger, .waitingApproval, .running:
            return .missing(.notDone(stage.state, reason: stage.reason))
        }
        let own = looks.filter { $0.stage == stage.name && $0.attempt == stage.attempt }
        let begins = own.count { $0.moment == .begin }
        guard let first = looks.first, !own.isEmpty, begins == own.count(where: { $0.moment == .end }) else {
            return .missing(.unseen)
        }
        for look in own {
            guard let head = look.head else { return .missing(.unseen) }
            if head != commit {
                return .missing(.unclean("the worktree was at \(head.prefix(10)), not at this commit"))
            }
            if look.changed > 0 {
                return .missing(.unclean("\(count(look.changed, "file")) differed from the commit"))
            }
        }
        // What stages leave behind lies there afterwards; what lay there before may have been part of the result.
        if first.untracked > 0 {
            return .missing(.unclean("\(count(first.untracked, "untracked file")) lay in the worktree"))
        }
        return begins > 0 ? .measured : .reported
    }

    private static func count(_ number: Int, _ noun: String) -> String {
        "\(number) \(noun)\(number == 1 ? "" : "s")"
    }
}
