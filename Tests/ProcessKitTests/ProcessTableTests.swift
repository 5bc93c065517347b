import Core
import Glibc
import ProcessKit
import SystemPackage
import TestSupport
import Testing

@Suite(.timeLimit(.minutes(1)))
struct ProcessTableTests {
    let environment = ["PATH": "/usr/local/bin:/usr/bin:/bin", "LC_ALL": "C"]

    @Test func lineWithAnUglyNameIsRead() throws {
        let line =
            "42 (a) (b\n c) S 7 40 39 34816 41 4194304 86 0 0 0 0 0 0 0 20 0 1 0 120557 2654208 395\n"
        let process = try #require(ProcessSnapshot(statLine: line))
        #expect(process.identity == ProcessIdentity(pid: 42, startTicks: 120_557))
        #expect(process.name == "a) (b\n c")
        #expect((process.parent, process.group, process.session, process.foregroundGroup) == (7, 40, 39, 41))
        #expect(process.state == "S")
        #expect(ProcessSnapshot(statLine: "42 (sh) S 7") == nil)
        #expect(ProcessSnapshot(statLine: "") == nil)
    }

    @Test func familyIsFound() {
        func process(_ pid: Int32, _ parent: Int32, name: String = "p") -> ProcessSnapshot? {
            ProcessSnapshot(statLine: "\(pid) (\(name)) S \(parent) 1 1 0 -1 0 0 0 0 0 0 0 0 0 0 0 0 0 9")
        }
        let table = ProcessTable(
            [
                process(1, 0), process(2, 1), process(3, 2), process(4, 2, name: "skip"), process(5, 4),
                process(6, 3),
            ]
            .compactMap(\.self))
        #expect(table.descendants(of: 2).map(\.pid) == [3, 4, 6, 5])
        #expect(table.descendants(of: 2) { $0.name == "skip" }.map(\.pid) == [3, 6])
        #expect(table.ancestors(of: 6) == [3, 2, 1])
        #expect(table.descendants(of: 99).isEmpty && table.ancestors(of: 99).isEmpty)
    }

    @Test func ownProcessIsSeenAsItIs() throws {
        let own = try #require(ProcessTable.process(getpid()))
        #expect(own.parent == getppid() && own.group == getpgrp())
        #expect(ProcessTable.isAlive(own.identity))
        #expect(!ProcessTable.isAlive(ProcessIdentity(pid: own.pid, startTicks: own.identity.startTicks + 1)))
        #expect(ProcessTable().processes[getpid()]?.identity == own.identity)
        #expect(own.identity.startTicks <= ProcessTable.ticksNow())
        let (moment, now) = (Timestamp(milliseconds: 5_000), Timestamp(milliseconds: 7_000))
        let ago = ProcessTable.ticksNow() - ProcessTable.ticks(at: moment, now: now)
        #expect(ago / ProcessTable.ticksPerSecond <= 2 && ago > ProcessTable.ticksPerSecond)
        #expect(ProcessTable.executable(of: getpid()) != nil)
    }

    @Test func environmentOfAChildIsRead() async throws {
        var variables = environment
        variables["MARK"] = "a=b c"
        try await CommandRunner().withChild(Command("cat", [], environment: variables)) { child in
            let pid = child.identity.pid
            // Until the program has replaced it, the child shows this process's environment; nothing tells the moment.
            let isThere = try await eventually { ProcessTable.environment(of: pid)?["MARK"] == "a=b c" }
            #expect(isThere)
            #expect(ProcessTable.carries("MARK", "a=b c", pid: pid))
            #expect(!ProcessTable.carries("MARK", "a=b", pid: pid))
            #expect(ProcessTable.openFile(1, of: pid)?.hasPrefix("pipe:") == true)
        }
        #expect(ProcessTable.environment(of: 0) == nil)
    }
}

@Suite(.timeLimit(.minutes(1)))
struct ProcessEnderTests {
    let environment = ["PATH": "/usr/local/bin:/usr/bin:/bin", "LC_ALL": "C"]
    let runner = CommandRunner()

    @Test func childThatIgnoresTermIsKilledAndAnotherStartIsLeftAlone() async throws {
        let line = "trap '' TERM; echo up; while :; do read x || sleep 1000; done"
        try await runner.withChild(Command("sh", ["-c", line], environment: environment)) { child in
            let line = try await readLine(of: child)
            #expect(line == "up\n")
            let other = ProcessIdentity(pid: child.identity.pid, startTicks: child.identity.startTicks + 1)
            let nothing = await ProcessEnder().end([other], limit: .milliseconds(50))
            #expect(nothing == EndReport(ended: [other], left: []))
            #expect(ProcessTable.isAlive(child.identity))
            let report = await ProcessEnder().end([child.identity], limit: .milliseconds(50))
            #expect(report == EndReport(ended: [child.identity], left: []))
            #expect(!ProcessTable.isAlive(child.identity))
        }
    }

    @Test func stoppedProcessIsEndedByTerm() async throws {
        try await runner.withChild(Command("cat", [], environment: environment)) { child in
            kill(child.identity.pid, SIGSTOP)
            let hasCome = try await eventually { ProcessTable.process(child.identity.pid)?.state == "T" }
            #expect(hasCome)
            let report = await ProcessEnder().end([child.identity], limit: .seconds(20))
            #expect(report.isComplete)
        }
    }

    @Test func agentIsEndedWithItsChildrenAndOrphansAndNobodyElse() async throws {
        var marked = environment
        marked["TMUX_AGENT_ID"] = "ag-mine"
        // A child, a grandchild in a session of its own, an orphan that carries the id, and one that does
        // not.
        let line =
            "sleep 1001 & echo $!; setsid sh -c 'sleep 1002 & echo $!; wait' & "
            + "setsid -f sh -c 'echo $$; exec sleep 1003'; "
            + "env -u TMUX_AGENT_ID setsid -f sh -c 'echo $$; exec sleep 1004'; echo end; wait"
        try await runner.withChild(Command("sh", ["-c", line], environment: marked)) { child in
            let pids = try await readNumbers(of: child, count: 4)
            let unmarked = try #require(
                pids.compactMap(ProcessTable.process).first {
                    !ProcessTable.carries("TMUX_AGENT_ID", "ag-mine", pid: $0.pid)
                })
            // The shell in between has ended only when its child hangs on another parent.
            let mine = pids.filter { $0 != unmarked.pid }.compactMap { ProcessTable.process($0)?.identity }
            #expect(mine.count == 3)
            let mark = ProcessMark(name: "TMUX_AGENT_ID", value: "ag-mine")
            let young = await ProcessEnder().endAgent(
                root: nil, mark: mark, notBefore: ProcessTable.ticksNow() + 1_000)
            #expect(young == EndReport(ended: [], left: []))
            let report = await ProcessEnder().endAgent(
                root: child.identity, mark: mark, notBefore: child.identity.startTicks, limit: .seconds(10))
            #expect(report.isComplete)
            #expect(Set(report.ended).isSuperset(of: mine + [child.identity]))
            #expect(mine.allSatisfy { !ProcessTable.isAlive($0) })
            #expect(ProcessTable.isAlive(unmarked.identity))
            _ = await ProcessEnder().end([unmarked.identity])
        }
    }

    @Test func tmuxServersAndWhatRunsInThemAreSpared() async throws {
        try await withTmux { fixture in
            var marked = fixture.environment
            marked["TMUX_AGENT_ID"] = "ag-spared"
            let line = "tmux -S \(fixture.socket) -f /dev/null new-session -d 'exec cat'; echo up; exec cat"
            try await runner.withChild(Command("sh", ["-c", line], environment: marked)) { child in
                let line = try await readLine(of: child)
                #expect(line == "up\n")
                let report = await ProcessEnder().endAgent(
                    root: child.identity, mark: ProcessMark(name: "TMUX_AGENT_ID", value: "ag-spared"),
                    notBefore: child.identity.startTicks)
                #expect(report.isComplete && report.ended.contains(child.identity))
            }
            #expect(try await fixture.tmux("list-panes", "-a", "-F", "#{pane_dead}") == "0")
        }
    }
}

@Suite(.timeLimit(.minutes(1)))
struct StreamingChildTests {
    let environment = ["PATH": "/usr/local/bin:/usr/bin:/bin"]

    @Test func bytesGoInAndComeOutWhileTheChildLives() async throws {
        try await CommandRunner().withChild(Command("cat", [], environment: environment)) { child in
            let text = Array("a\u{2028}b\n".utf8)
            #expect(child.send(text[...]) == text.count)
            let line = try await readLine(of: child)
            #expect(line == "a\u{2028}b\n")
        }
    }

    @Test func endOfTheScopeEndsTheChild() async throws {
        var identity: ProcessIdentity?
        await #expect(throws: Errno.ioError) {
            try await CommandRunner().withChild(Command("cat", [], environment: environment)) { child in
                identity = child.identity
                throw Errno.ioError
            }
        }
        #expect(!ProcessTable.isAlive(try #require(identity)))
    }

    @Test func writingToAnEndedChildIsNoSignal() async throws {
        try await CommandRunner().withChild(Command("true", [], environment: environment)) { child in
            let hasCome = try await eventually { !ProcessTable.isAlive(child.identity) }
            #expect(hasCome)
            // A process that another test is just starting may still hold a copy of the other end.
            let isRefused = try await eventually { child.send([1, 2, 3]) == 0 }
            #expect(isRefused)
        }
    }

    @Test func missingProgramIsNamed() async throws {
        await #expect(throws: ProcessError.executableNotFound("no-such-program")) {
            try await CommandRunner().withChild(
                Command("no-such-program", [], environment: environment)
            ) { _ in }
        }
    }
}

/// The next bytes of a child up to a newline; blocks, which a test that awaits them may.
private func readLine(of child: StreamingChild) async throws -> String {
    var bytes: [UInt8] = []
    var byte: [UInt8] = [0]
    while bytes.last != UInt8(ascii: "\n") {
        let count = try byte.withUnsafeMutableBytes { try child.output.read(into: $0) }
        guard count == 1 else { break }
        bytes += byte
    }
    return String(decoding: bytes, as: UTF8.self)
}

private func readNumbers(of child: StreamingChild, count: Int) async throws -> [Int32] {
    var numbers: [Int32] = []
    while numbers.count < count {
        let line = try await readLine(of: child).trimmingSuffixNewline
        if let number = Int32(line) { numbers.append(number) }
    }
    return numbers
}
