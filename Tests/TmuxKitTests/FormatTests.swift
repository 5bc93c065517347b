import Core
import SystemPackage
import TestSupport
import Testing

@testable import TmuxKit

@Suite(.timeLimit(.minutes(1)))
struct FormatTests {
    @Test(arguments: [
        ("plain", "plain"), ("a#b", "a##b"), ("#(touch x)", "##(touch x)"), ("a#[fg=red]", "a#[fg=red]"),
        ("##", "####"), ("##[", "##["), ("100%", "100%%"), ("", ""), ("#\u{301}%", "##\u{301}%%"),
    ])
    func formatsAreEscaped(text: String, escaped: String) {
        #expect(TmuxFormat.escape(text, expandsTime: true) == escaped)
    }

    @Test func percentStaysWhereNoTimeIsExpanded() {
        #expect(TmuxFormat.escape("50%#", expandsTime: false) == "50%##")
    }

    @Test(arguments: [
        ("plain-1.txt", "plain-1.txt"), ("", "''"), ("a b", "'a b'"), ("it's", "'it'\"'\"'s'"),
        ("a\nb", "'a'\"\\n\"'b'"), ("\u{1B}[", "\"\\033\"'['"), (";", "';'"), ("%if", "'%if'"),
    ])
    func wordsOfAListAreQuoted(text: String, quoted: String) {
        #expect(TmuxFormat.quote(text) == quoted)
    }

    @Test(arguments: ["run-1/lint/2/start/0", "日本_x", "", "a_2fb", "%3"])
    func namesComeBack(text: String) {
        let name = TmuxFormat.name(text)
        #expect(name.utf8.allSatisfy { $0 < 128 && $0 != UInt8(ascii: "/") })
        #expect(TmuxFormat.text(ofName: name) == text)
    }

    @Test func damagedNamesAreRefused() {
        #expect(TmuxFormat.text(ofName: "a/b") == nil)
        #expect(TmuxFormat.text(ofName: "a_2") == nil)
        #expect(TmuxFormat.text(ofName: "_ff") == nil)
    }

    /// What tmux itself makes of escaped and quoted text, by the arguments of a process and by a list.
    @Test func tmuxReadsBackWhatWasEscaped() async throws {
        try await withTmux { fixture in
            let server = try fixture.server()
            try await fixture.tmux("new-session", "-d", "-s", "a", "cat")
            let texts = [
                awkwardName, "a;", "a\\;", ";", "-x", "$HOME ~ {x} \\", "\"'`", "a\nb\n", "#{pid}", "%H%%",
                "\u{2028}\u{85}é", "##[x]###(y)",
            ]
            for text in texts {
                let printed: TmuxCommand = [
                    "display-message", "-p", "--", TmuxFormat.escape(text, expandsTime: true),
                ]
                let direct = try await server.run([printed])
                #expect(direct.joined(separator: "\n") == text)
                let nested = try await server.run([
                    .when(
                        "1", in: "=a:", then: [.when("1", in: "=a:", then: [printed], otherwise: [])],
                        otherwise: [])
                ])
                #expect(nested.joined(separator: "\n") == text)
            }
            #expect(text(of: fixture.folder.appending("x")) == nil)
        }
    }
}

@Suite struct AddressTests {
    @Test func defaultSocketIsWhereTmuxPutsIt() throws {
        let none = try TmuxServerAddress.named("", environment: ["TMUX": "/x,1,0"], userID: 7)
        #expect(none.path == "/tmp/tmux-7/default")
        let named = try TmuxServerAddress.named("work", environment: ["TMUX_TMPDIR": "/no/such"], userID: 7)
        #expect(named.path == "/tmp/tmux-7/work")
        let moved = try TmuxServerAddress.named("w", environment: ["TMUX_TMPDIR": "/var/../usr"], userID: 7)
        #expect(moved.path == "/usr/tmux-7/w")
    }

    @Test func tmuxItselfUsesTheSameSocket() async throws {
        try await withTemporaryFolder { folder in
            let environment = ["PATH": "/usr/local/bin:/usr/bin:/bin", "TMUX_TMPDIR": folder.string]
            let address = try TmuxServerAddress.named("n", environment: environment, userID: userID())
            let server = TmuxServer(
                Tmux(address: address, configurationFile: "/dev/null", environment: environment))
            let pane = try await server.startAgent(
                AgentSession(
                    agent: AgentID("ag"), name: SessionName("s"), windowName: "w", workingDirectory: folder,
                    program: ["cat"],
                    path: "/bin:/usr/bin", tap: folder.appending("tap")))
            let listed = try await Shell.run("tmux -L n list-sessions -F '#{session_name}'", environment)
            #expect(listed == "s")
            try await server.removePane(pane.address, of: AgentID("ag"))
            #expect(try await server.panes().isEmpty)
        }
    }

    @Test func longPathIsRefusedWithItsLength() {
        let path = "/tmp/" + String(repeating: "x", count: 103)
        #expect(throws: TmuxError.socketPathTooLong(path: path)) {
            try TmuxServerAddress(path: FilePath(path))
        }
        #expect(throws: Never.self) { try TmuxServerAddress(path: FilePath(String(path.dropLast()))) }
    }

    @Test(arguments: [
        ("3.2", true), ("3.3a", true), ("3.1c", false), ("2.9", false), ("next-3.6", true), ("4.0", true),
        ("master", true), ("", false),
    ])
    func versionsAreJudged(version: String, isRecent: Bool) {
        #expect(Tmux.isRecent(version) == isRecent)
    }

    @Test(arguments: [
        ("no server running on /s", TmuxError.noServer(socket: "/s")),
        ("error connecting to /s (No such file or directory)", .noServer(socket: "/s")),
        ("error connecting to /s (Connection refused)", .noServer(socket: "/s")),
        ("server exited unexpectedly", .noServer(socket: "/s")),
        ("can't find session: a b", .noSession("a b")),
        ("can't find pane: %3", .noPane("%3")),
        ("no such pane: %3", .noPane("%3")),
        ("duplicate session: x", .duplicateSession("x")),
        (
            "error connecting to /s (Permission denied)",
            .commandFailed(command: "c", status: 1, message: "error connecting to /s (Permission denied)")
        ),
    ])
    func messagesOfTmuxBecomeCases(message: String, error: TmuxError) {
        #expect(TmuxError(status: 1, message: message + "\n", command: "c", socket: "/s") == error)
    }
}
