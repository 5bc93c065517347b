import Core
import Glibc
import ProcessKit
import SystemPackage
import TestSupport
import Testing

@testable import TmuxKit

@Suite(.timeLimit(.minutes(1)))
struct TypingTests {
    /// The same on both roads: by child processes and over a control client.
    private func onBothRoads(_ body: (TmuxFixture, TmuxServer, PaneSnapshot) async throws -> Void)
        async throws
    {
        try await withTmux { fixture in
            let server = try fixture.server()
            let pane = try await server.startAgent(fixture.receiver())
            try await fixture.wait(for: "up")
            try await body(fixture, server, pane)
        }
        try await withTmux { fixture in
            let pane = try await fixture.server().startAgent(fixture.receiver())
            try await fixture.wait(for: "up")
            try await fixture.withControl { server, client in
                try await body(fixture, server, pane)
                #expect(client.isConnected)
            }
        }
    }

    @Test func textIsTypedOncePerIdAndForgottenOnRequest() async throws {
        try await onBothRoads { fixture, server, pane in
            let text = "-it's #(x) %H \"$HOME\" 日本 Enter;"
            let id = OutboxID("run-1/lint/1/start/日")
            #expect(try await server.remembers(id, in: pane.address) == false)
            #expect(try await server.paste(text, id: id, into: pane.address) == .typed)
            #expect(try await server.paste(text, id: id, into: pane.address) == .alreadyTyped)
            #expect(try await server.remembers(id, in: pane.address))
            let enter = OutboxID("run-1/lint/1/start/日/enter")
            #expect(try await server.enter(id: enter, in: pane.address) == .typed)
            #expect(try await server.enter(id: enter, in: pane.address) == .alreadyTyped)
            try await server.forget([id, enter], in: pane.address)
            #expect(try await server.remembers(id, in: pane.address) == false)
            #expect(try await server.paste("again\n", id: id, into: pane.address, style: .typed) == .typed)
            #expect(try await eventually { fixture.received() == "\(text)\nagain\n" })
            let options = try await fixture.tmux("show-options", "-p", "-t", pane.id.description)
            #expect(!options.contains("enter"))
            #expect(try await fixture.tmux("list-buffers") == "")
        }
    }

    @Test func copyModeSwallowsNothing() async throws {
        try await onBothRoads { fixture, server, pane in
            try await fixture.tmux("copy-mode", "-t", pane.id.description)
            func mode() async throws -> String {
                try await fixture.tmux("display-message", "-p", "-t", pane.id.description, "#{pane_mode}")
            }
            #expect(try await mode() == "copy-mode")
            #expect(try await server.paste("in copy mode", id: OutboxID("a"), into: pane.address) == .typed)
            #expect(try await server.enter(id: OutboxID("b"), in: pane.address) == .typed)
            #expect(try await eventually { fixture.received() == "in copy mode\n" })
            #expect(try await mode() == "copy-mode")
            #expect(
                try await server.keys(["k", ";", "Enter"], id: OutboxID("c"), in: pane.address) == .typed)
            #expect(
                try await server.keys(["k", ";", "Enter"], id: OutboxID("c"), in: pane.address)
                    == .alreadyTyped)
            #expect(try await eventually { fixture.received() == "in copy mode\nk;\n" })
        }
    }

    @Test func keysAreNamesOrRefused() async throws {
        #expect(KeyName.isValid("C-c") && KeyName.isValid("M-S-Up") && KeyName.isValid("F12"))
        #expect(KeyName.isValid("日") && KeyName.isValid("-") && !KeyName.isValid("Entr"))
        #expect(!KeyName.isValid("") && !KeyName.isValid("F13") && !KeyName.isValid("\u{1B}"))
        try await withTmux { fixture in
            let server = try fixture.server()
            let pane = try await server.startAgent(fixture.receiver())
            await #expect(throws: TmuxError.unknownKey("Entr")) {
                try await server.keys(["y", "Entr"], id: OutboxID("k"), in: pane.address)
            }
            #expect(try await server.remembers(OutboxID("k"), in: pane.address) == false)
        }
    }

    @Test func severalLinesArriveAsOnePasteWithoutEscapes() async throws {
        try await withTmux { fixture in
            let server = try fixture.server()
            let program = AgentSession.shellLine(
                "stty raw -echo; printf '\\033[?2004h'; \(fixture.signal("up")); exec cat >>received")
            let pane = try await server.startAgent(fixture.session(running: program))
            try await fixture.wait(for: "up")
            // The mode reaches tmux through the pane, which nothing orders with wait-for.
            let asked = try await eventually {
                text(of: fixture.folder.appending("agent-a.tap"))?.isEmpty == false
            }
            #expect(asked)
            let evil = "one\r\ntwo\u{1B}[201~\u{9B}201~\rthree\u{7}\t!"
            _ = try await server.paste(evil, id: OutboxID("p"), into: pane.address)
            #expect(
                try await eventually {
                    fixture.received() == "\u{1B}[200~one\rtwo[201~201~\rthree\t!\u{1B}[201~"
                })
            _ = try await server.paste("/clear", id: OutboxID("q"), into: pane.address, style: .typed)
            #expect(try await eventually { fixture.received().hasSuffix("\u{1B}[201~/clear") })
        }
    }

    @Test func longTextArrivesWhole() async throws {
        try await onBothRoads { fixture, server, pane in
            let text = String(repeating: "it's line #{x} of 'many' \"quotes\"\n", count: 9_000)
            #expect(text.utf8.count > 300_000)
            let outcome = try await server.paste(text, id: OutboxID("big"), into: pane.address)
            #expect(outcome == .typed)
            let isWhole = try await eventually { fixture.received().utf8.count == text.utf8.count }
            #expect(isWhole)
            #expect(fixture.received() == text)
        }
    }

    @Test func lineThatATerminalWouldCutIsRefused() async throws {
        try await withTmux { fixture in
            let server = try fixture.server()
            let cooked = try await server.startAgent(fixture.receiver())
            try await fixture.wait(for: "up")
            let long = String(repeating: "x", count: 4_001)
            await #expect(throws: TmuxError.lineTooLong(pane: cooked.id, bytes: 4_001)) {
                try await server.paste(long, id: OutboxID("long"), into: cooked.address)
            }
            #expect(try await server.remembers(OutboxID("long"), in: cooked.address) == false)
            let program = AgentSession.shellLine(
                "stty raw -echo; \(fixture.signal("raw")); exec cat >>received")
            let raw = try await server.startAgent(fixture.session("agent-raw", running: program))
            try await fixture.wait(for: "raw")
            #expect(try await server.paste(long, id: OutboxID("long"), into: raw.address) == .typed)
            #expect(try await eventually { fixture.received() == long })
        }
    }

    @Test func deadPaneMissingPaneAndOtherServerAreRefusedAndHarmNothing() async throws {
        try await onBothRoads { fixture, server, pane in
            let session = fixture.session("agent-dead", running: ["true"])
            let dead = try await server.startAgent(session)
            #expect(try await eventually { try await server.pane(of: session.agent)?.isDead == true })
            // Pasting into a dead pane ends a tmux 3.3a server.
            await #expect(throws: TmuxError.paneDead(dead.id)) {
                try await server.paste("x", id: OutboxID("d"), into: dead.address)
            }
            await #expect(throws: TmuxError.paneDead(dead.id)) {
                try await server.enter(id: OutboxID("e"), in: dead.address)
            }
            await #expect(throws: TmuxError.paneDead(dead.id)) {
                try await server.keys(["y"], id: OutboxID("f"), in: dead.address)
            }
            #expect(try await server.remembers(OutboxID("d"), in: dead.address) == false)
            let missing = PaneAddress(pane: try #require(PaneID("%99")), server: pane.server)
            await #expect(throws: TmuxError.noPane("%99")) {
                try await server.paste("x", id: OutboxID("m"), into: missing)
            }
            let earlier = TmuxServerID(socket: pane.server.socket, pid: 1, startTime: 2)
            let elsewhere = PaneAddress(pane: pane.id, server: earlier)
            await #expect(throws: TmuxError.otherServer(socket: pane.server.socket)) {
                try await server.paste("x", id: OutboxID("o"), into: elsewhere)
            }
            #expect(try await server.remembers(OutboxID("o"), in: pane.address) == false)
            #expect(try await server.panes().count == 2)
            #expect(
                try await fixture.tmux("list-buffers", "-F", "#{buffer_name}").split(separator: "\n")
                    .allSatisfy { $0 == "ta_m" })
        }
    }

    @Test func noOrderIsLostOrDoneTwiceWhenItsIssuerIsKilled() async throws {
        try await withTmux { fixture in
            let server = try fixture.server()
            let pane = try await server.startAgent(fixture.receiver())
            try await fixture.wait(for: "up")
            var outcomes: [TypingOutcome] = []
            let runner = CommandRunner()
            for number in 0..<40 {
                let id = OutboxID("order-\(number)")
                let list = TmuxServer.pasteList(
                    "order \(number)\n", id: id, into: pane.address, style: .typed)
                // Inline, so that the killed client's standard input plays no part in when it is killed.
                let command = server.tmux.command(
                    TmuxCommandList(
                        [["set-buffer", "-b", "ta_order-\(number)", "--", "order \(number)\n"]]
                            + list.commands
                    ).forked.arguments)
                try await runner.withChild(command) { child in
                    // From before the client has connected to after it has its answer.
                    busyWait(microseconds: number * 150)
                    kill(child.identity.pid, SIGKILL)
                }
                outcomes.append(
                    try await server.paste("order \(number)\n", id: id, into: pane.address, style: .typed))
            }
            let expected = (0..<40).map { "order \($0)\n" }.joined()
            #expect(try await eventually { fixture.received().utf8.count >= expected.utf8.count })
            #expect(fixture.received() == expected)
            // The kills fell on both sides of the moment that counts.
            #expect(outcomes.contains(.typed) && outcomes.contains(.alreadyTyped))
            #expect(try await fixture.tmux("list-buffers") == "")
        }
    }

    @Test func noOrderIsLostOrDoneTwiceWhenTheControlClientIsKilled() async throws {
        try await withTmux { fixture in
            let tmux = try fixture.commandLine()
            let pane = try await TmuxServer(tmux).startAgent(fixture.receiver())
            try await fixture.wait(for: "up")
            let client = ControlClient(tmux)
            let server = TmuxServer(tmux, control: client)
            let seen = Recorder()
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask { await client.run { await seen.note($0) } }
                for number in 0..<10 {
                    #expect(try await eventually { client.isConnected })
                    let process = try #require(await seen.current)
                    async let order = server.paste(
                        "order \(number)\n", id: OutboxID("c-\(number)"), into: pane.address, style: .typed)
                    busyWait(microseconds: number * 30)
                    kill(process.pid, SIGKILL)
                    _ = try await order
                    #expect(try await server.remembers(OutboxID("c-\(number)"), in: pane.address))
                    // The client notices its process's end on its own; the next turn needs the next process.
                    #expect(try await eventually { await seen.current != process })
                }
                group.cancelAll()
            }
            let expected = (0..<10).map { "order \($0)\n" }.joined()
            #expect(try await eventually { fixture.received() == expected })
        }
    }
}

actor Recorder {
    private(set) var current: ProcessIdentity?
    private(set) var all: [ProcessIdentity] = []

    func note(_ process: ProcessIdentity?) {
        current = process
        if let process { all.append(process) }
    }
}

/// Lets the processor's time pass: sleeping is too coarse to hit the inside of a millisecond.
func busyWait(microseconds: Int) {
    let clock = ContinuousClock()
    let end = clock.now.advanced(by: .microseconds(microseconds))
    while clock.now < end {}
}
