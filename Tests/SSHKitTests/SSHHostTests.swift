import Core
import Glibc
import ProcessKit
import SystemPackage
import TestSupport
import Testing

@testable import SSHKit

@Suite(
    .enabled(if: hasSSHD, "openssh-server is not installed; Tests/run.sh installs it"),
    .timeLimit(.minutes(2)))
struct SSHHostTests {
    @Test func commandsRunThereWithEveryArgumentAsItIs() async throws {
        try await withTemporaryFolder { folder in
            try await withSSHD(in: folder) { fixture in
                let host = try fixture.host()
                try await withConnection(host) {
                    let script =
                        #"printf '%s|' "$HOME" "${TMUX-none}"; for word; do printf '%s\001' "$word"; done; "#
                        + "cat; exit 7"
                    let command = Command(
                        "sh", ["-c", script, "sh"] + awkwardWords, environment: ["LOCAL": "stays here"],
                        input: Array("standard\0input".utf8))
                    let result = try await CommandRunner().run(host.carry(command))
                    #expect(result.exitCode == 7)
                    let expected = "\(fixture.home)|none|" + awkwardWords.map { "\($0)\u{1}" }.joined()
                    #expect(result.text == expected + "standard\0input", "\(result.errorText)")
                }
                // One connection carried all of it, and nothing of it is left.
                #expect(fixture.proxy.connections == 1)
                let sessions = try await eventually {
                    !ProcessTable().processes.values.contains { process in
                        ProcessTable.carries("HOME", fixture.home.string, pid: process.pid)
                    }
                }
                #expect(sessions, "a process of the connection was left behind")
                #expect(Files.names(in: folder.appending("host")).isEmpty)
            }
        }
    }

    @Test func hostOfTheUsersOwnConfigurationNeedsNothingElse() async throws {
        try await withTemporaryFolder { folder in
            try await withSSHD(in: folder, shell: "/bin/bash") { fixture in
                let host = try fixture.host(SSHSettings(host: "elsewhere"))
                try await withConnection(host) {
                    let facts = try #require(host.facts)
                    #expect(facts.userID == getuid())
                    #expect(facts.temporaryFolder == folder.string)
                    #expect(facts.folder == fixture.remoteFolder.string)
                }
            }
        }
    }

    @Test func whatSshSaysIsTheReason() async throws {
        try await withTemporaryFolder { folder in
            try await withSSHD(in: folder) { fixture in
                var settings = fixture.settings()
                settings.user = "nobody-of-that-name"
                let reasons: [(SSHSettings, String)] = [
                    (settings, "Permission denied"),
                    (SSHSettings(host: "nowhere.invalid"), "nowhere.invalid"),
                ]
                for (settings, text) in reasons {
                    let host = try fixture.host(settings)
                    try await withThrowingTaskGroup(of: Void.self) { group in
                        group.addTask { await host.run() }
                        defer { group.cancelAll() }
                        let isSaid = try await eventually(within: .seconds(20)) {
                            guard case .lost(let reason, _) = host.condition else { return false }
                            return reason.contains(text)
                        }
                        #expect(isSaid, "\(host.condition)")
                    }
                    await #expect(throws: SSHError.self) { try await host.isWritten("a.tap") }
                    let refused = try await CommandRunner().run(
                        host.carry(Command("true", [], environment: [:])))
                    #expect(refused.exitCode == 255)
                }
            }
        }
    }

    @Test func everyByteComesOnceWhateverHappensToTheConnection() async throws {
        try await withTemporaryFolder { folder in
            try await withSSHD(in: folder) { fixture in
                let host = try fixture.host(fixture.settings(timeout: .seconds(3)))
                let mirror = folder.appending("mirror.tap")
                let record = folder.appending("record")
                try host.begin("storm.tap", to: mirror, record: record)
                try await withConnection(host) {
                    let file = fixture.remoteFolder.appending("storm.tap")
                    try await withWriter(to: file) {
                        for round in 0..<4 {
                            let before = Files.size(mirror) ?? 0
                            let comes = try await eventually(within: .seconds(30)) {
                                (Files.size(mirror) ?? 0) > before + 2000
                            }
                            #expect(comes, "round \(round): \(host.condition)")
                            switch round {
                            case 0, 2: try await fixture.proxy.cut()
                            case 1: fixture.proxy.stall(true)
                            default: break
                            }
                            guard round == 1 else { continue }
                            let isNoticed = try await eventually(within: .seconds(30)) {
                                if case .lost = host.condition { true } else { false }
                            }
                            #expect(isNoticed, "a stalled connection was not noticed")
                            fixture.proxy.stall(false)
                            try await fixture.proxy.cut()
                        }
                    }
                    let isSame = try await eventually(within: .seconds(30)) {
                        contents(of: mirror) == contents(of: file)
                    }
                    #expect(isSame)
                    #expect(fixture.proxy.connections >= 4)
                }
                // Another process goes on where this one was.
                let next = try fixture.host()
                #expect(try next.resume(to: mirror, record: record) == "storm.tap")
                try await withConnection(next) {
                    let file = fixture.remoteFolder.appending("storm.tap")
                    try Files.append("the last line\n", to: file)
                    #expect(try await eventually { contents(of: mirror) == contents(of: file) })
                }
            }
        }
    }

    @Test func fileThatWasCutBeginsAnewAndAFinishedOneIsRemovedThere() async throws {
        try await withTemporaryFolder { folder in
            try await withSSHD(in: folder) { fixture in
                let host = try fixture.host()
                let mirror = folder.appending("mirror")
                let file = fixture.remoteFolder.appending("a.tap")
                try await withConnection(host) {
                    try Files.append("from before\n", to: mirror)
                    let record = folder.appending("record")
                    try host.begin("a.tap", to: mirror, record: record)
                    try Files.append("a long beginning\n", to: file)
                    #expect(try await eventually { text(of: mirror) == "from before\na long beginning\n" })
                    try Files.write("short\n", to: file)
                    let isAnew = try await eventually {
                        text(of: mirror) == "from before\na long beginning\nshort\n"
                    }
                    #expect(isAnew)
                    try Files.append("the rest", to: file)
                    try await host.finish("a.tap")
                    #expect(text(of: mirror) == "from before\na long beginning\nshort\nthe rest")
                    #expect(!Files.exists(file) && !Files.exists(record))
                    #expect(try host.resume(to: mirror, record: record) == nil)
                    try host.begin("b.tap", to: folder.appending("b"), record: record)
                    try Files.append("b", to: fixture.remoteFolder.appending("b.tap"))
                    #expect(try await eventually { text(of: folder.appending("b")) == "b" })
                }
            }
        }
    }

    @Test func writerThatDiedIsSeen() async throws {
        try await withTemporaryFolder { folder in
            try await withSSHD(in: folder) { fixture in
                let host = try fixture.host()
                try await withConnection(host) {
                    let record = fixture.remoteFolder.appending("a.tap.pipe").string
                    #expect(try await host.isWritten("a.tap") == false)
                    try await CommandRunner().withChild(
                        Command(
                            "sh", ["-c", "read -r s </proc/$$/stat; echo \"$s\" >'\(record)'; exec cat"],
                            environment: ["PATH": "/usr/bin:/bin"])
                    ) { _ in
                        let isWritten = try await eventually { try await host.isWritten("a.tap") }
                        #expect(isWritten)
                    }
                    #expect(try await host.isWritten("a.tap") == false)
                }
            }
        }
    }

    @Test func clientThatALostConnectionLeftIsEndedByTheNext() async throws {
        try await withTemporaryFolder { folder in
            try await withSSHD(in: folder) { fixture in
                let host = try fixture.host()
                try await withConnection(host) {
                    let record = folder.appending("pid")
                    // It does not care that its input ends.
                    let command = Command(
                        "sh", ["-c", "echo $$ >\"$1\"; exec sleep 600", "sh", record.string], environment: [:]
                    )
                    try await CommandRunner().withChild(host.carry(command, isLasting: true)) { _ in
                        let isUp = try await eventually { text(of: record)?.hasSuffix("\n") == true }
                        #expect(isUp)
                        let pid = try #require(Int32((text(of: record) ?? "").trimmingSuffixNewline))
                        let client = try #require(ProcessTable.process(pid)).identity
                        #expect(ProcessTable.isAlive(client))
                        try await fixture.proxy.cut()
                        let isEnded = try await eventually(within: .seconds(20)) {
                            !ProcessTable.isAlive(client)
                        }
                        #expect(isEnded)
                    }
                }
            }
        }
    }
}
