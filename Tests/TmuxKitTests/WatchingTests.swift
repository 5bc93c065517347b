import Core
import ProcessKit
import SystemPackage
import TestSupport
import Testing

@testable import TmuxKit

/// Panes of other people's sessions: looked at, piped for a while, given back.
@Suite(.timeLimit(.minutes(1)))
struct WatchingTests {
    private let note = LoanNote(since: Timestamp(milliseconds: 17), offset: 4)

    private func address(_ server: TmuxServer) async throws -> PaneAddress {
        try #require(try await server.watchablePanes().first).pane.address
    }

    @Test func aLentPipeBringsWhatFollowsTheHistoryAndIsGivenBack() async throws {
        try await withTmux { fixture in
            let server = try fixture.server()
            let tap = fixture.folder.appending("a'b #{pid} %H.tap")
            try await fixture.tmux(
                "new-session", "-d", "-x", "60", "-y", "5",
                "stty -echo; for i in 1 2 3 4 5 6 7 8; do echo old $i; done; \(fixture.signal("up")); cat")
            try await fixture.wait(for: "up")
            let address = try await address(server)
            guard
                case .lent(let history) = try await server.lendTap(
                    of: address, to: tap, limit: 100, note: note)
            else {
                Issue.record("not lent")
                return
            }
            #expect(history.rows.prefix(8) == (1...8).map { "old \($0)" }[...])
            #expect(history.rows.count == history.historySize + 5)
            // Whoever asked may have been killed before the answer came.
            #expect(try await server.keptLoan(of: address) == KeptLoan(note: note, history: history))
            try await server.settleLoan(of: address)
            #expect(try await server.keptLoan(of: address) == nil)
            #expect(try await fixture.tmux("list-buffers") == "")
            #expect(try await server.lendTap(of: address, to: tap, limit: 0, note: note) == .taken)
            try await fixture.tmux("send-keys", "-t", "%0", "new 1", "Enter")
            // cat writes when it gets the bytes; nobody tells us.
            #expect(try await eventually { text(of: tap) == "new 1\r\n" })
            let writer = try #require(server.writer(of: tap, life: address.server))
            let last = try #require(try await server.returnTap(of: address, to: tap, limit: 100))
            #expect(last.rows.contains("new 1"))
            #expect(await ProcessEnder().waitForEnd(of: [writer], limit: .seconds(5)))
            #expect(try await fixture.tmux("show-options", "-p", "-t", "%0") == "")
            #expect(try await fixture.tmux("display-message", "-p", "-t", "%0", "#{pane_pipe}") == "0")
            #expect(try await server.returnTap(of: address, to: tap, limit: 0) == nil)
        }
    }

    @Test func thePipeOfSomebodyElseIsNeitherTakenNorEnded() async throws {
        try await withTmux { fixture in
            let server = try fixture.server()
            let (tap, other) = (fixture.folder.appending("tap"), fixture.folder.appending("other"))
            try await fixture.tmux("new-session", "-d", "stty -echo; \(fixture.signal("up")); cat")
            try await fixture.wait(for: "up")
            try await fixture.tmux("pipe-pane", "-t", "%0", "exec cat >>'\(other)'")
            let address = try await address(server)
            #expect(try await server.lendTap(of: address, to: tap, limit: 0, note: note) == .taken)
            #expect(try await server.returnTap(of: address, to: tap, limit: 0) == nil)
            try await fixture.tmux("send-keys", "-t", "%0", "mine", "Enter")
            // cat writes when it gets the bytes; nobody tells us.
            #expect(try await eventually { text(of: other) == "mine\r\n" })
            #expect(text(of: tap) == nil)
            #expect(try await server.history(of: address, limit: 0).rows.first == "mine")
        }
    }

    @Test func aPaneOfAnotherLifeOfTheServerIsLeftAlone() async throws {
        try await withTmux { fixture in
            let server = try fixture.server()
            try await fixture.tmux("new-session", "-d", "cat")
            let now = try await address(server)
            let life = TmuxServerID(
                socket: now.server.socket, pid: now.server.pid, startTime: now.server.startTime - 1)
            let old = PaneAddress(pane: now.pane, server: life)
            let tap = fixture.folder.appending("tap")
            await #expect(throws: TmuxError.otherServer(socket: now.server.socket)) {
                try await server.lendTap(of: old, to: tap, limit: 0, note: note)
            }
            await #expect(throws: TmuxError.otherServer(socket: now.server.socket)) {
                try await server.history(of: old, limit: 0)
            }
            #expect(try await server.returnTap(of: old, to: tap, limit: 0) == nil)
            #expect(try await fixture.tmux("display-message", "-p", "-t", "%0", "#{pane_pipe}") == "0")
        }
    }

    @Test func whatAPaneShowsAnewChangesItsActivity() async throws {
        try await withTmux { fixture in
            let server = try fixture.server()
            try await fixture.tmux("new-session", "-d", "stty -echo; \(fixture.signal("up")); cat")
            try await fixture.wait(for: "up")
            let before = try #require(try await server.watchablePanes().first?.activity)
            try await fixture.tmux("send-keys", "-t", "%0", "x", "Enter")
            // tmux tells nobody who is not attached.
            #expect(try await eventually { try await server.watchablePanes().first?.activity != before })
            try await fixture.tmux("kill-server")
            #expect(try await eventually { try await server.watchablePanes() == [] })
        }
    }
}
