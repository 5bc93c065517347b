import Core
import Glibc
import ProcessKit
import SystemPackage
import TestSupport
import Testing

@testable import TmuxKit

@Suite(.timeLimit(.minutes(1)))
struct ControlClientTests {
    @Test func answersBelongToTheirRequestsAlsoWhenManyAreOpen() async throws {
        try await withTmux { fixture in
            _ = try await fixture.server().startAgent(fixture.session(running: ["cat"]))
            try await fixture.withControl { server, _ in
                try await withThrowingTaskGroup(of: Bool.self) { group in
                    for number in 0..<200 {
                        group.addTask {
                            let lines = try await server.run([
                                ["display-message", "-p", "first \(number)"],
                                .when(
                                    "1", in: "=agent-a:",
                                    then: [.say("second"), ["display-message", "-p", "\(number)"]],
                                    otherwise: []),
                            ])
                            return lines == ["first \(number)", "second", "\(number)"]
                        }
                    }
                    for try await isRight in group { #expect(isRight) }
                }
                await #expect(throws: TmuxError.noSession("nope")) {
                    try await server.run([["kill-session", "-t", "=nope"], .say("not reached")])
                }
                #expect(
                    try await server.run([["display-message", "-p", "a\nb"], .say("c")]) == ["a", "b", "c"])
            }
        }
    }

    @Test func bothRoadsSeeTheSamePanes() async throws {
        try await withTmux { fixture in
            let forked = try fixture.server()
            try await fixture.tmux(
                "new-session", "-d", "-s", "it's a|b~1 #x%H", "-n", "w~ \"日本\"", "sleep", "999")
            _ = try await forked.startAgent(fixture.session(running: ["sleep", "999"]))
            let areBothThere = try await eventually {
                try await forked.watchablePanes().allSatisfy { $0.pane.currentCommand == "sleep" }
            }
            #expect(areBothThere)
            try await fixture.withControl { server, client in
                let (panes, identity) = (try await server.panes(), try await server.identity())
                let (expected, expectedIdentity) = (try await forked.panes(), try await forked.identity())
                #expect(panes == expected)
                #expect(identity == expectedIdentity)
                let named = try await server.watchablePanes()
                #expect(try await named == forked.watchablePanes())
                #expect(named.map(\.pane.windowName) == ["agent:agent-a", "w~ \"日本\""])
                #expect(panes.allSatisfy { $0.windowName.isEmpty && $0.currentCommand.isEmpty })
                #expect(client.isConnected)
            }
        }
    }

    @Test func attachedClientChangesNeitherSizesNorEnvironment() async throws {
        try await withTmux { fixture in
            let server = try fixture.server()
            let pane = try await server.startAgent(fixture.session(running: ["cat"]))
            try await fixture.tmux("set-environment", "-t", pane.sessionID, "SSH_AUTH_SOCK", "/users/own")
            try await fixture.withControl { server, _ in
                let now = try #require(try await server.panes().first)
                #expect((now.columns, now.rows) == (100, 30))
                let kept = try await fixture.tmux("show-environment", "-t", pane.sessionID, "SSH_AUTH_SOCK")
                #expect(kept == "SSH_AUTH_SOCK=/users/own")
            }
            // Leaving ends the client and nothing else.
            #expect(try await eventually { try await fixture.tmux("list-clients").isEmpty })
            #expect(try await server.panes().map(\.id) == [pane.id])
        }
    }

    @Test func clientMovesToAnotherSessionWhenItsOwnEnds() async throws {
        try await withTmux { fixture in
            let forked = try fixture.server()
            let first = try await forked.startAgent(fixture.session("agent-a", running: ["cat"]))
            _ = try await forked.startAgent(fixture.session("agent-b", running: ["cat"]))
            try await fixture.withControl { server, client in
                try await server.removePane(first.address, of: AgentID("ag-agent-a"))
                let hasMoved = try await eventually {
                    let sessions = try await fixture.tmux("list-clients", "-F", "#{client_session}")
                    return sessions == "agent-b" && client.isConnected
                }
                #expect(hasMoved)
                #expect(try await server.panes().map(\.session) == [SessionName("agent-b")])
            }
        }
    }

    @Test func serverKilledInTheMiddleIsNoServerAndTheNextOneIsFound() async throws {
        try await withTmux { fixture in
            let pane = try await fixture.server().startAgent(fixture.session(running: ["cat"]))
            try await fixture.withControl { server, client in
                #expect(kill(pane.server.pid, SIGKILL) == 0)
                #expect(try await server.panes().isEmpty)
                await #expect(throws: TmuxError.noServer(socket: fixture.socket.string)) {
                    try await server.paste("x", id: OutboxID("x"), into: pane.address)
                }
                let again = try await server.startAgent(fixture.session(running: ["cat"]))
                #expect(again.id == pane.id && again.server != pane.server)
                await #expect(throws: TmuxError.otherServer(socket: fixture.socket.string)) {
                    try await server.paste("x", id: OutboxID("x"), into: pane.address)
                }
                #expect(try await eventually { client.isConnected })
                #expect(try await server.panes().count == 1)
            }
        }
    }

    @Test func serverThatDoesNotAnswerIsGivenUp() async throws {
        try await withTmux { fixture in
            let tmux = try fixture.commandLine()
            let pane = try await TmuxServer(tmux).startAgent(fixture.session(running: ["cat"]))
            let client = ControlClient(tmux, limit: .milliseconds(100))
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask { await client.run { _ in } }
                #expect(try await eventually { client.isConnected })
                #expect(kill(pane.server.pid, SIGSTOP) == 0)
                let list: TmuxCommandList = [.say("hello")]
                await #expect(throws: TmuxError.connectionLost(command: list.summary)) {
                    try await client.run(list)
                }
                #expect(kill(pane.server.pid, SIGCONT) == 0)
                let isBack = try await eventually { client.isConnected }
                #expect(isBack)
                group.cancelAll()
            }
        }
    }

    @Test func orphanIsEndedByTheNextOwnerAndNothingElseIs() async throws {
        try await withTmux { fixture in
            let server = try fixture.server()
            let pane = try await server.startAgent(fixture.session(running: ["cat"]))
            // A client whose standard input is held open by somebody who is not its owner.
            let line =
                "mkfifo in; exec 3<>in; tmux -S \(fixture.socket) -C attach -t agent-a <in >out 2>&1 & "
                + "echo $!; \(fixture.signal("started"))"
            let pid = try await CommandRunner().run(
                Command(
                    "sh", ["-c", line], environment: fixture.environment, workingDirectory: fixture.folder))
            let number = try #require(Int32(pid.text.trimmingSuffixNewline))
            let orphan = try #require(ProcessTable.process(number)?.identity)
            #expect(try await eventually { try await !fixture.tmux("list-clients").isEmpty })
            // The same number with another start is another process.
            await ControlClient.endOrphan(ProcessIdentity(pid: number, startTicks: orphan.startTicks - 1))
            #expect(ProcessTable.isAlive(orphan))
            await ControlClient.endOrphan(orphan)
            #expect(!ProcessTable.isAlive(orphan))
            #expect(try await server.panes().map(\.id) == [pane.id])
            // Not a tmux: left alone.
            let other = try #require(ProcessTable.process(pane.pid)?.identity)
            await ControlClient.endOrphan(other)
            #expect(ProcessTable.isAlive(other))
        }
    }

    @Test func clientWaitsForItsFirstSessionAndTellsItsProcess() async throws {
        try await withTmux { fixture in
            let tmux = try fixture.commandLine()
            let client = ControlClient(tmux)
            let server = TmuxServer(tmux, control: client)
            let seen = Recorder()
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask { await client.run { await seen.note($0) } }
                #expect(try await server.panes().isEmpty)
                #expect(!client.isConnected)
                let pane = try await server.startAgent(fixture.session(running: ["cat"]))
                #expect(try await eventually { client.isConnected })
                let process = try #require(await seen.current)
                #expect(ProcessTable.isAlive(process))
                try await fixture.tmux("rename-window", "-t", pane.id.description, "new name")
                for await case .notification("window-renamed", let rest) in client.notifications {
                    #expect(String(decoding: rest, as: UTF8.self).hasSuffix("new name"))
                    break
                }
                group.cancelAll()
                try await group.waitForAll()
                #expect(!ProcessTable.isAlive(process))
                #expect(await seen.current == nil)
                #expect(await seen.all == [process])
            }
        }
    }
}

@Suite(.timeLimit(.minutes(1)))
struct PaneLockTests {
    @Test func onePaneIsTypedIntoByOneAtATime() async throws {
        try await withTemporaryFolder { folder in
            let server = TmuxServer(Tmux(address: try TmuxServerAddress(path: "/tmp/none"), environment: [:]))
            let id = TmuxServerID(socket: "/s", pid: 1, startTime: 2)
            let pane = PaneAddress(pane: try #require(PaneID("%1")), server: id)
            let other = PaneAddress(pane: try #require(PaneID("%2")), server: id)
            try await server.withPaneLock(pane, folder: folder) {
                await #expect(throws: TmuxError.paneBusy(pane.pane)) {
                    try await server.withPaneLock(pane, folder: folder, limit: .milliseconds(20)) {}
                }
                try await server.withPaneLock(other, folder: folder, limit: .zero) {}
            }
            let value = try await server.withPaneLock(pane, folder: folder, limit: .zero) { 7 }
            #expect(value == 7)
        }
    }

    @Test func missingFolderIsSaid() async throws {
        let server = TmuxServer(Tmux(address: try TmuxServerAddress(path: "/tmp/none"), environment: [:]))
        let id = TmuxServerID(socket: "/s", pid: 1, startTime: 2)
        let pane = PaneAddress(pane: try #require(PaneID("%1")), server: id)
        await #expect {
            try await server.withPaneLock(pane, folder: "/no/such") {}
        } throws: { error in
            guard case .lockFailed(let path, _)? = error as? TmuxError else { return false }
            return path == "/no/such/pane-1-2-1.lock"
        }
    }
}
