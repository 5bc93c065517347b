internal import Core
internal import Store
internal import TerminalKit
internal import TmuxKit

extension PaneWatcher {
    /// The pipe stands, and brings what follows this history; what came between the last capture and it is added.
    func takeLoan(_ history: PaneHistory?, into watch: PaneWatch) async throws {
        guard let history else {
            watch.road = .captures
            return
        }
        var follower = try await follower(of: watch)
        try await adopt(history, watch)
        if let adopted = watch.follower { follower = adopted }
        if let known = watch.known {
            var bytes = ScreenCatchUp(from: known, to: history).bytes
            // A pipe of before ended in the middle of a sequence; nothing that is stored may stand there.
            if !follower.reader.screen.isAtGround { bytes = Array("\u{1b}\\".utf8) + bytes }
            let readings = follower.amend(bytes)
            try await commit(readings, of: watch, &follower, isLoan: true)
            watch.follower = follower
        }
        (watch.road, watch.historySize, watch.hasMoreBytes) = (.pipe, nil, true)
        watch.noteBytes(at: now)
        parts.observer.request(.settleLoan(watch.id))
    }

    /// Takes up a pipe that a run of before has made: with what the pane had shown before, if that run was killed
    /// before it was written down.
    func takeUp(_ loan: KeptLoan?, into watch: PaneWatch) async throws {
        guard let loan else {
            watch.road = .pipe
            return
        }
        let marks = try await store.tapMarks(of: watch.subject, from: loan.note.offset)
        let isTaken =
            watch.progress.committed != loan.note.offset || marks.contains { $0.at >= loan.note.since }
        guard isTaken else { return try await takeLoan(loan.history, into: watch) }
        watch.road = .pipe
        parts.observer.request(.settleLoan(watch.id))
    }
}
