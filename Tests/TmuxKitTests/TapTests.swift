import Core
import Glibc
import ProcessKit
import SystemPackage
import TestSupport
import Testing

@testable import TmuxKit

@Suite(.timeLimit(.minutes(1)))
struct TapTests {
    @Test func livingPipeIsNeverArmedAnewAndADeadOneIs() async throws {
        try await withTmux { fixture in
            let server = try fixture.server()
            let session = fixture.receiver()
            let started = try await server.startAgent(session)
            try await fixture.wait(for: "up")
            let first = try await livingPipe(of: session, on: server)
            #expect(try await server.armTap(started, to: session.tap) == .wasAlive)
            #expect(ProcessTable.isAlive(first))
            #expect(kill(first.pid, SIGKILL) == 0)
            // tmux notices the end of the pipe when it next looks at it.
            let isDead = try await eventually {
                guard let pane = try await server.pane(of: session.agent) else { return false }
                return server.tapState(pane) == .none || server.tapState(pane) == .silent
            }
            #expect(isDead)
            let pane = try #require(try await server.pane(of: session.agent))
            #expect(try await server.armTap(pane, to: session.tap) == .armed)
            let second = try await livingPipe(of: session, on: server)
            #expect(second != first)
            // The snapshot from before does not lead to a second arming.
            #expect(try await server.armTap(pane, to: session.tap) == .wasAlive)
            #expect(ProcessTable.isAlive(second))
        }
    }

    @Test func missingRecordDoesNotHideALivingPipe() async throws {
        try await withTmux { fixture in
            let server = try fixture.server()
            let session = fixture.receiver()
            _ = try await server.startAgent(session)
            let first = try await livingPipe(of: session, on: server)
            let identity = try #require(try await server.identity())
            #expect(unlink(session.tap.string + ".pipe") == 0)
            // Until the shell has become cat its output is the record, not the tap.
            #expect(try await eventually { try Tap.writer(of: session.tap, server: identity) == first })
        }
    }

    @Test func aProcessWithoutDescriptorsTakesNoPipeForDead() async throws {
        try await withTmux { fixture in
            let server = try fixture.server()
            let session = fixture.receiver()
            _ = try await server.startAgent(session)
            let pipe = try await livingPipe(of: session, on: server)
            let identity = try #require(try await server.identity())
            let (tap, socket) = (session.tap.string, identity.socket)
            // In a process of its own: the limit is the whole process's.
            await #expect(processExitsWith: .success) {
                [
                    tap = tap as String, socket = socket as String, pid = identity.pid as Int32,
                    start = identity.startTime as Int64, writer = pipe as ProcessIdentity
                ] in
                let life = TmuxServerID(socket: socket, pid: pid, startTime: start)
                guard try Tap.writer(of: FilePath(tap), server: life) == writer else { exit(2) }
                var limit = rlimit(rlim_cur: 0, rlim_max: 0)
                setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
                guard ProcessTable.isAlive(writer), !ProcessTable().isWhole else { exit(3) }
                do {
                    _ = try Tap.writer(of: FilePath(tap), server: life)
                    exit(4)
                } catch {
                    exit((error as? Errno)?.isShortage == true ? 0 : 5)
                }
            }
        }
    }

    @Test func pipeOfSomebodyElseIsLeftAlone() async throws {
        try await withTmux { fixture in
            let server = try fixture.server()
            try await fixture.tmux("new-session", "-d", "-s", "user", "cat")
            try await fixture.tmux("pipe-pane", "-t", "%0", "exec cat >/dev/null")
            let pane = try #require(try await server.panes().first)
            #expect(server.tapState(pane) == .foreign)
            await #expect(throws: TmuxError.pipedElsewhere(pane.id)) {
                try await server.armTap(pane, to: fixture.folder.appending("tap"))
            }
            try await server.disarmTap(pane.address)
            #expect(try await server.panes().first?.isPiped == true)
        }
    }

    @Test func paneThatWasNotMadeHereIsTappedAndReleased() async throws {
        try await withTmux { fixture in
            let server = try fixture.server()
            let tap = fixture.folder.appending(awkwardName + ".tap")
            try await fixture.tmux("new-session", "-d", "-s", "user", "cat")
            let pane = try #require(try await server.panes().first)
            #expect(try await server.armTap(pane, to: tap) == .armed)
            _ = try await server.paste("seen", id: OutboxID("t"), into: pane.address)
            #expect(try await eventually { text(of: tap) == "seen" })
            #expect(try await server.panes().first?.tap == tap)
            try await server.disarmTap(pane.address)
            let after = try await server.panes().first
            #expect(after?.isPiped == false && after?.tap == nil)
        }
    }

    @Test func sizesAreNotedWhileNobodyRuns() async throws {
        try await withTmux { fixture in
            let folder = fixture.folder.appending(awkwardName)
            _ = try await Shell.run("mkdir -- \(Command.quoted(folder.string))", fixture.environment)
            let server = try fixture.server()
            let session = fixture.session(
                running: AgentSession.shellLine("printf 12345; exec cat"), in: folder)
            let pane = try await server.startAgent(session)
            #expect(try await eventually { text(of: session.tap) == "12345" })
            let sizes = FilePath(session.tap.string + ".sizes")
            func noted(_ columns: Int, _ rows: Int) async throws -> Bool {
                try await eventually {
                    let lines = (text(of: sizes) ?? "").split(separator: "\n").map {
                        $0.split(separator: " ")
                    }
                    return lines.contains { $0.count == 4 && $0[1...] == ["5", "\(columns)", "\(rows)"] }
                }
            }
            try await fixture.tmux("resize-window", "-t", pane.id.description, "-x", "120", "-y", "40")
            #expect(try await noted(120, 40))
            // A person's split takes rows from the agent's pane; the other pane's size is not ours.
            try await fixture.tmux("split-window", "-d", "-l", "10", "-t", pane.id.description, "cat")
            #expect(try await noted(120, 29))
            #expect(text(of: fixture.folder.appending("x")) == nil)
        }
    }

    private func livingPipe(of session: AgentSession, on server: TmuxServer) async throws -> ProcessIdentity {
        var found: ProcessIdentity?
        // The record is written by the pipe's shell, a moment after tmux has answered.
        let isAlive = try await eventually {
            guard let pane = try await server.pane(of: session.agent),
                case .alive(let process) = server.tapState(pane)
            else { return false }
            found = process
            return true
        }
        #expect(isAlive)
        return try #require(found)
    }
}
