import Core
import ProcessKit
import Store
import SystemPackage
import TestSupport
import Testing

/// Somebody removes what `run` keeps, or sets the clock.
@Suite(.timeLimit(.minutes(2)))
struct PaneRunLossTests {
    @Test func removedTapsComeBackAndNothingIsDoneTwice() async throws {
        try await withPanes { panes in
            try await panes.printer("a")
            let run = try panes.start()
            try await run.ready()
            try await panes.tick(1, in: "a")
            #expect(try await did(panes, [1]), "\(run.output)")
            try await removeTaps(panes)
            try await panes.tick(2, in: "a")
            #expect(try await did(panes, [1, 2]), "\(run.output)")
            // A look at the panes finds out that the pipe writes to a file that is gone.
            let isPiped = try await eventually(within: .seconds(20)) {
                let taps = try self.taps(panes)
                return try await panes.traces().hasPrefix("1")
                    && Files.names(in: taps).contains {
                        $0.hasSuffix(".tap")
                    }
            }
            #expect(isPiped, "\(run.output)")
            #expect(try await isSettled(panes), "\(run.output)")
            #expect(await run.stop() == 0)
            try await removeTaps(panes)
            let next = try panes.start()
            try await next.ready()
            try await panes.tick(3, in: "a")
            #expect(try await did(panes, [1, 2, 3]), "\(next.output)")
            #expect(await next.stop() == 0)
            #expect(try await panes.counted() == [1, 2, 3])
            #expect(panes.ticked == [1, 2, 3])
        }
    }

    @Test func thePipeOfAKilledRunWhoseTapIsGoneIsMadeAnew() async throws {
        try await withPanes { panes in
            try await panes.printer("a")
            let run = try panes.start()
            try await run.ready()
            try await panes.tick(1, in: "a")
            #expect(try await did(panes, [1]), "\(run.output)")
            #expect(try await isSettled(panes), "\(run.output)")
            await run.kill()
            try await removeTaps(panes)
            let next = try panes.start()
            // A look at the panes finds it out.
            let isSaid = try await eventually(within: .seconds(20)) {
                next.output.contains("the pipe of a run before writes to a file that was removed")
            }
            #expect(isSaid, "\(next.output)")
            try await panes.tick(2, in: "a")
            #expect(try await did(panes, [1, 2]), "\(next.output)")
            #expect(await next.stop() == 0)
            #expect(try await panes.traces() == "0", "\(next.output)")
        }
    }

    @Test func statesGoOnWhenTheClockIsSetBack() async throws {
        try await withPanes { panes in
            try await panes.printer("a")
            let clock = TestClock()
            try await withOwnRun(panes, clock: clock) {
                try await panes.tick(1, in: "a")
                #expect(try await did(panes, [1]))
                clock.jump(-3600)
                try await panes.say("later", in: "a")
                // A program that no rules know is idle three seconds after its last word.
                let isIdle = try await eventually(within: .seconds(20)) {
                    try await panes.journal().last { $0.kind == .agentState }?.payload["state"]?.string
                        == "idle"
                }
                #expect(isIdle)
                // A title that the program does not end would hide all that it prints.
                try await panes.say("\u{1b}]0;abc", in: "a")
                let printed = try await panes.tmux.tmux("display-message", "-p", "-t", "a", "#{pane_pipe}")
                #expect(printed == "1")
                let tap = try #require(Files.names(in: try taps(panes)).first { $0.hasSuffix(".tap") })
                let isInString = try await eventually(within: .seconds(20)) {
                    (text(of: try taps(panes).appending(tap)) ?? "").contains("]0;abc\r\n")
                }
                #expect(isInString)
                clock.jump(6)
                #expect(try await isSettled(panes))
                try await panes.tick(2, in: "a")
                #expect(try await did(panes, [1, 2]))
            }
        }
    }

    private func taps(_ panes: PaneRunFixture) throws -> FilePath {
        let run = panes.home.appending("run")
        let name = try #require(Files.names(in: run).first { $0.hasPrefix("run-") })
        return run.appending(name).appending("taps")
    }

    private func removeTaps(_ panes: PaneRunFixture) async throws {
        let result = try await CommandRunner().run(
            Command("rm", ["-r", try taps(panes).string], environment: panes.environment))
        #expect(result.isSuccess, "\(result.errorText)")
    }

    /// Whether all that the pane has printed is in a stored screen, from which another process would go on.
    private func isSettled(_ panes: PaneRunFixture) async throws -> Bool {
        let subject = try #require(try await panes.journal().first { $0.kind == .marker }?.subject)
        let (store, taps) = (try panes.store(), try taps(panes))
        let name = try #require(Files.names(in: taps).first { $0.hasSuffix(".tap") })
        // The watcher writes it when the pane has been quiet for a moment.
        return try await eventually(within: .seconds(20)) {
            try await store.keyframe(of: subject, upTo: .max)?.offset == Files.size(taps.appending(name))
        }
    }

    /// Whether exactly these were counted, and acted on.
    private func did(_ panes: PaneRunFixture, _ numbers: [Int]) async throws -> Bool {
        // Written by the actions' own processes.
        guard try await eventually(within: .seconds(20), { panes.ticked.count >= numbers.count }) else {
            return false
        }
        return try await panes.counted() == numbers && panes.ticked == numbers
    }
}
