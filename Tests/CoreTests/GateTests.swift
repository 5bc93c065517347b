import Core
import Testing

@Suite("What a gate makes of runs and of what was seen beside them")
struct GateTests {
    private static let tip = String(repeating: "a", count: 40)
    private static let older = String(repeating: "b", count: 40)

    private static func run(
        _ id: String = "run-1", _ state: StageState = .completed, attempt: Int = 1, commit: String = tip,
        reason: String? = nil
    ) -> PipelineRun {
        let time = Timestamp(milliseconds: 0)
        return PipelineRun(
            id: RunID(id), pipeline: "checks", subject: .mainCheckout, state: .running, commit: commit,
            startedAt: time,
            stages: [
                StageRun(name: "lint", state: state, attempt: attempt, since: time, reason: reason)
            ])
    }

    private static func look(
        _ moment: WorktreeLook.Moment, attempt: Int = 1, head: String? = tip, changed: Int = 0,
        untracked: Int = 0, stage: String = "lint"
    ) -> WorktreeLook {
        WorktreeLook(
            moment, stage: stage, attempt: attempt, head: head, changed: changed, untracked: untracked)
    }

    private func state(_ runs: [PipelineRun], _ looks: [String: [WorktreeLook]]) -> StageStanding.State {
        StageStanding.judge(
            "lint", commit: Self.tip, runs: runs,
            looks: Dictionary(uniqueKeysWithValues: looks.map { (RunID($0.key), $0.value) })
        ).state
    }

    @Test func aStageThatWasMeasuredInACleanWorktreeOfTheCommitHolds() {
        #expect(state([Self.run()], ["run-1": [Self.look(.begin), Self.look(.end)]]) == .measured)
        let twice = [Self.look(.begin), Self.look(.end), Self.look(.begin), Self.look(.end, untracked: 2)]
        #expect(
            state([Self.run()], ["run-1": twice]) == .measured, "what a stage leaves lies there afterwards")
        #expect(state([Self.run()], ["run-1": [Self.look(.report)]]) == .reported)
    }

    @Test(arguments: [
        ([], StageStanding.Lack.unseen), ([look(.begin)], .unseen),
        ([look(.begin, attempt: 2), look(.end, attempt: 2)], .unseen),
        ([look(.begin, head: nil), look(.end)], .unseen), ([look(.report, stage: "test")], .unseen),
        ([look(.begin, changed: 1), look(.end)], .unclean("1 file differed from the commit")),
        ([look(.begin), look(.end, changed: 3)], .unclean("3 files differed from the commit")),
        ([look(.begin, untracked: 1), look(.end)], .unclean("1 untracked file lay in the worktree")),
        (
            [look(.begin, untracked: 2, stage: "first"), look(.begin), look(.end)],
            .unclean("2 untracked files lay in the worktree")
        ),
        (
            [look(.begin), look(.end, head: older)],
            .unclean("the worktree was at bbbbbbbbbb, not at this commit")
        ),
        ([look(.report, head: older)], .unclean("the worktree was at bbbbbbbbbb, not at this commit")),
    ])
    func aCompletedStageIsNotEnough(looks: [WorktreeLook], lack: StageStanding.Lack) {
        #expect(state([Self.run()], ["run-1": looks]) == .missing(lack))
    }

    @Test(arguments: [
        (StageState.failed, StageStanding.Lack.failed(reason: "why")),
        (.running, .notDone(.running, reason: "why")), (.idle, .notDone(.idle, reason: "why")),
        (.waitingApproval, .notDone(.waitingApproval, reason: "why")),
    ])
    func aStageThatIsNotCompletedSaysWhereItStands(stage: StageState, lack: StageStanding.Lack) {
        let looks = ["run-1": [Self.look(.begin), Self.look(.end)]]
        #expect(state([Self.run(stage, reason: "why")], looks) == .missing(lack))
    }

    private static func run(_ state: StageState, reason: String) -> PipelineRun {
        run("run-1", state, reason: reason)
    }

    @Test func runsOfOtherCommitsSayNothing() {
        let looks = ["run-1": [Self.look(.begin), Self.look(.end)]]
        #expect(state([Self.run(commit: Self.older)], looks) == .missing(.noRun))
        #expect(state([], [:]) == .missing(.noRun))
    }

    @Test func oneRunThatHoldsIsEnoughAndTheNewestOtherwiseSpeaks() {
        let good = [Self.look(.begin), Self.look(.end)]
        let runs = [Self.run("run-1"), Self.run("run-2", .failed, reason: "red")]
        #expect(state(runs, ["run-1": good]) == .measured)
        #expect(state(runs, [:]) == .missing(.failed(reason: "red")))
        let mixed = [Self.run("run-1"), Self.run("run-2")]
        #expect(state(mixed, ["run-1": good, "run-2": [Self.look(.report)]]) == .measured)
    }

    @Test func looksSurviveTheJournal() throws {
        let look = Self.look(.end, attempt: 3, head: nil, changed: 4, untracked: 5)
        #expect(WorktreeLook(look.json, stage: "lint") == look)
        #expect(WorktreeLook(["moment": "later"], stage: "lint") == nil)
    }

    @Test func referencesOfAPushAreRead() {
        let (zero, tip) = (String(repeating: "0", count: 40), Self.tip)
        let new = PushedReference(line: "refs/heads/feature/x \(tip) refs/heads/feature/x \(zero)")
        #expect(new?.branch == "feature/x")
        #expect(new?.localBranch == "feature/x")
        #expect(new?.commit == tip)
        #expect(new?.remoteCommit == nil)
        let gone = PushedReference(line: "(delete) \(zero) refs/heads/old \(tip)")
        #expect(gone?.commit == nil)
        #expect(gone?.branch == "old")
        let tag = PushedReference(line: "refs/tags/v1 \(tip) refs/tags/v1 \(zero)")
        #expect(tag?.branch == nil)
        let head = PushedReference(line: "HEAD~2 \(tip) refs/heads/x \(zero)")
        #expect(head?.localBranch == nil)
        for wrong in ["", "a b c", "a \(tip) heads/x \(zero)", "a xyz refs/heads/x \(zero)", "a b c d e"] {
            #expect(PushedReference(line: wrong) == nil)
        }
    }

    @Test func gatesStandBeforeBranchesOnly() {
        let policy = Policy(
            pipelines: [Pipeline(name: "checks", stages: [Stage(name: "lint")])],
            gates: [Gate(hook: "pre-push", branch: "feature/*", require: ["lint"])])
        func gates(_ local: String, _ remote: String, commit: String? = Self.tip) -> Int {
            policy.gates(
                for: PushedReference(local: local, commit: commit, remote: remote, remoteCommit: nil)
            ).count
        }
        #expect(gates("refs/heads/feature/x", "refs/heads/feature/x") == 1)
        #expect(gates("HEAD", "refs/heads/feature/x") == 1)
        #expect(gates("refs/heads/feature/x", "refs/heads/main") == 1, "another name there is no way around")
        #expect(gates("refs/heads/main", "refs/heads/main") == 0)
        #expect(gates("refs/heads/feature/x", "refs/tags/v1") == 0)
        #expect(gates("(delete)", "refs/heads/feature/x", commit: nil) == 0)
        #expect(policy.isGated("checks"))
        #expect(!policy.isGated("other"))
    }

    @Test func notesAreReadAsTheyWereWritten() {
        let answer = ProvenanceNote.Answer(
            stage: "release", decision: "approve", by: "ada", through: "link", at: "2026", reason: "ok")
        let first = ProvenanceNote.Run(
            id: RunID("run-1"), pipeline: "checks", state: "failed", passed: ["lint"], failed: ["test"],
            approvals: [])
        var note = ProvenanceNote(
            agent: "agent-1", branch: "feature/x", program: "claude", template: "qa", model: nil,
            task: String(repeating: "t", count: 900))
        #expect(note.task?.count == ProvenanceNote.longestTask)
        note = note.adding(first)
        var second = first
        (second.state, second.passed, second.failed, second.approvals) = (
            "completed", ["lint", "test"], [], [answer]
        )
        note = note.adding(second)
        #expect(note.runs == [second])
        #expect(ProvenanceNote(text: note.text) == note)
        #expect(ProvenanceNote(text: "Reviewed-by: Ada") == nil)
    }
}
