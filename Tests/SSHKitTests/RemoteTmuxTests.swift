import Core
import Glibc
import ProcessKit
import SystemPackage
import TestSupport
import Testing

@testable import SSHKit
@testable import TmuxKit

@Suite(
    .enabled(if: hasSSHD, "openssh-server is not installed; Tests/run.sh installs it"),
    .timeLimit(.minutes(2)))
struct RemoteTmuxTests {
    /// A tmux server where the login user's own would be.
    private func withRemoteTmux(
        _ body: (SSHDFixture, SSHHost, TmuxFixture) async throws -> Void
    ) async throws {
        try await withTmux { tmux in
            try await withSSHD(in: tmux.folder) { fixture in
                let sockets = tmux.folder.appending("tmux-\(getuid())")
                try Files.makeFolder(sockets, mode: 0o700)
                let there = TmuxFixture(
                    folder: tmux.folder, socket: sockets.appending("default"), environment: tmux.environment)
                let host = try fixture.host(fixture.settings(timeout: .seconds(5)))
                try await withConnection(host) { try await body(fixture, host, there) }
            }
        }
    }

    @Test func panesWithAwkwardNamesAreSeenAndTypedInto() async throws {
        try await withRemoteTmux { fixture, host, there in
            let received = there.folder.appending("received")
            let facts = try #require(host.facts)
            let server = TmuxServer(try fixture.tmux(on: host, facts: facts))
            #expect(try await server.panes().isEmpty)
            try await there.tmux(
                "new-session", "-d", "-s", TmuxFormat.escape("a'#(touch x)%H b", expandsTime: false), "-n",
                "w~ \"日本\"",
                "stty -echo; \(there.signal("up")); exec cat >>'\(received)'")
            try await there.wait(for: "up")
            let pane = try #require(try await server.watchablePanes().first?.pane)
            #expect(pane.session == SessionName("a'#(touch x)%H b"))
            #expect(pane.windowName == "w~ \"日本\"")
            #expect(try await server.tmux.checkVersion().isEmpty == false)
            let text = "it's #(touch x) %H \\ \"日本\" $HOME\nsecond; line;"
            for _ in 0..<2 {
                _ = try await server.paste(text, id: OutboxID("o/text"), into: pane.address)
                _ = try await server.enter(id: OutboxID("o/enter"), in: pane.address)
            }
            #expect(try await eventually { TestSupport.text(of: received) == text + "\n" })
            // The terminal there is asked, not one of this machine.
            let long = String(repeating: "x", count: 5000)
            await #expect(throws: TmuxError.lineTooLong(pane: pane.id, bytes: 5000)) {
                try await server.paste(long, id: OutboxID("long"), into: pane.address)
            }
        }
    }

    @Test func controlClientGoesOverTheSameConnection() async throws {
        try await withRemoteTmux { fixture, host, there in
            try await there.tmux("new-session", "-d", "-s", "agent", "cat")
            try await there.tmux("set-option", "-p", "-t", "agent", "@tmux-agent-agent", "a-1")
            let tmux = try fixture.tmux(on: host, facts: try #require(host.facts))
            let client = ControlClient(tmux)
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask { await client.run { _ in } }
                defer { group.cancelAll() }
                let isAttached = try await eventually(within: .seconds(40)) {
                    client.connectSoon()
                    return client.isConnected
                }
                #expect(isAttached)
                let server = TmuxServer(tmux, control: client)
                let pane = try #require(try await server.watchablePanes().first?.pane)
                for number in 0..<50 {
                    _ = try await server.paste("\(number)\n", id: OutboxID("n\(number)"), into: pane.address)
                }
                #expect(fixture.proxy.connections == 1)
                try await fixture.proxy.cut()
                // Every order is repeated after the loss; tmux remembers each one.
                let isBack = try await eventually(within: .seconds(30)) { fixture.proxy.connections > 1 }
                #expect(isBack)
                #expect(try await eventually(within: .seconds(30)) { host.facts != nil })
                for number in 0..<50 {
                    let outcome = try await server.paste(
                        "\(number)\n", id: OutboxID("n\(number)"), into: pane.address)
                    #expect(outcome == .alreadyTyped)
                }
            }
        }
    }

    @Test func tapThereIsBroughtHereFromItsFirstByte() async throws {
        try await withRemoteTmux { fixture, host, there in
            let facts = try #require(host.facts)
            let server = TmuxServer(try fixture.tmux(on: host, facts: facts))
            try await there.tmux("new-session", "-d", "-s", "shell", "-x", "80", "-y", "24", "sh")
            let pane = try #require(try await server.watchablePanes().first?.pane)
            let mirror = there.folder.appending("mirror")
            let file = FilePath(facts.folder).appending("pane.tap")
            try host.begin("pane.tap", to: mirror, record: there.folder.appending("record"))
            #expect(try await server.armTap(pane, to: file, isSilent: false) == .armed)
            try await there.tmux(
                "send-keys", "-t", "shell",
                "n=0; while [ $n -lt 3000 ]; do n=$((n+1)); echo line $n; done", "Enter")
            for number in [100, 2000] {
                let comes = try await eventually(within: .seconds(40)) {
                    (TestSupport.text(of: mirror) ?? "").contains("line \(number)\r\n")
                }
                #expect(comes, "\(host.condition)")
                try await fixture.proxy.cut()
            }
            let isWhole = try await eventually(within: .seconds(40)) {
                (TestSupport.text(of: mirror) ?? "").contains("line 3000\r\n")
            }
            #expect(isWhole, "\(host.condition)")
            let lines = (TestSupport.text(of: mirror) ?? "").split(separator: "\r\n").filter {
                $0.hasPrefix("line ")
            }
            #expect(lines == (1...3000).map { "line \($0)" })
            // Until the last cut is noticed and made good nobody answers.
            let isWritten = try await eventually(within: .seconds(40)) {
                do { return try await host.isWritten("pane.tap") } catch SSHError.notConnected {
                    return false
                }
            }
            #expect(isWritten)
            try await server.disarmTap(pane.address)
            #expect(try await eventually { try await host.isWritten("pane.tap") == false })
            try await host.finish("pane.tap")
            #expect(!Files.exists(file))
        }
    }
}
