import SystemPackage
import TestSupport
import Testing

@testable import TmuxKit

@Suite struct ControlParserTests {
    private func sample() throws -> [UInt8] {
        let folder = FilePath(#filePath).removingLastComponent()
        return try #require(contents(of: folder.appending("Fixtures/control-session.txt")))
    }

    private func text(_ bytes: [UInt8]) -> String { String(decoding: bytes, as: UTF8.self) }

    @Test func recordedSessionHasItsAnswersAndNotifications() throws {
        var parser = ControlParser()
        let events = parser.receive(try sample())
        let names = events.compactMap { event -> String? in
            if case .notification(let name, _) = event { return name }
            return nil
        }
        #expect(names == ["session-changed", "window-add", "window-renamed", "exit"])
        let errors = events.compactMap { event -> String? in
            if case .block(let lines, true) = event { return lines.map(text).joined(separator: "\n") }
            return nil
        }
        #expect(errors == ["parse error: unknown command: nosuch", "syntax error"])
        // What looks like a guard or a notification inside an answer is its text.
        #expect(
            events.contains(
                .block(lines: ["line1", "%end 1 2 1", "%exit", ""].map { Array($0.utf8) }, isError: false)))
        // Only a newline ends a line.
        #expect(events.contains(.block(lines: [Array("日本 \u{2028} x".utf8)], isError: false)))
    }

    @Test func everyCutGivesTheSameEvents() throws {
        let bytes = try sample()
        var whole = ControlParser()
        let expected = whole.receive(bytes)
        for cut in 0...bytes.count {
            var parser = ControlParser()
            let events = parser.receive(bytes[..<cut]) + parser.receive(bytes[cut...])
            #expect(events == expected, "cut at \(cut)")
        }
        var single = ControlParser()
        #expect(bytes.flatMap { single.receive([$0]) } == expected)
    }

    @Test func requestsGetTheAnswersOfTheirOwnCommands() throws {
        var exchange = ControlExchange<Int>()
        var sent: [String] = []
        for token in 1...5 { sent.append(text(exchange.request("x", token: token))) }
        #expect(sent[1] == "x\ndisplay-message -p tmux-agent-answer-2\n")
        let (done, notifications) = exchange.receive(try sample())
        #expect(done.map(\.0) == [1, 2, 3, 4, 5])
        #expect(
            done.map(\.1) == [
                .lines(["日本 \u{2028} x"]), .error("parse error: unknown command: nosuch"),
                .error("syntax error"), .lines(["line1", "%end 1 2 1", "%exit", ""]), .lines([]),
            ])
        #expect(notifications.count == 4)
        #expect(exchange.isAttached && exchange.hasExited && exchange.isIdle)
    }
}
