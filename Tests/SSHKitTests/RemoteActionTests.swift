import Core
import ProcessKit
import SystemPackage
import TestSupport
import Testing

@testable import SSHKit

@Suite(
    .enabled(if: hasSSHD, "openssh-server is not installed; Tests/run.sh installs it"),
    .timeLimit(.minutes(2)))
struct RemoteActionTests {
    private func action(
        _ key: String, _ command: String, timeout: Duration = .seconds(60),
        environment: [String: String] = [:], folder: String? = nil
    ) -> RemoteAction {
        RemoteAction(key: key, command: command, timeout: timeout, environment: environment, folder: folder)
    }

    @Test func actionRunsThereWithItsFolderAndVariables() async throws {
        try await withTemporaryFolder { folder in
            try await withSSHD(in: folder) { fixture in
                let host = try fixture.host()
                let place = folder.appending("it's 日本\n#(x)")
                try Files.makeFolder(place)
                try await withConnection(host) {
                    let long = String(repeating: "'\"$x", count: 16_000)
                    let fate = try await host.perform(
                        action(
                            "out-1@1", "pwd; printf %s \"$MARKER\" | wc -c; echo bad >&2; exit 3",
                            environment: ["MARKER": long, "not a name": "x"], folder: place.string))
                    #expect(
                        fate
                            == .ended(
                                status: "exit 3", output: Array("\(place)\n\(long.utf8.count)\nbad\n".utf8)))
                    let signal = try await host.perform(action("out-2@1", "kill -9 $$"))
                    #expect(signal == .ended(status: "signal 9", output: []))
                    let nowhere = try await host.perform(action("out-3@1", "true", folder: "/nowhere"))
                    guard case .ended("exit 127", let said) = nowhere else {
                        Issue.record("\(nowhere)")
                        return
                    }
                    #expect(String(decoding: said, as: UTF8.self).contains("/nowhere"))
                }
            }
        }
    }

    @Test func timeLimitEndsTheCommandWithAllThatItStarted() async throws {
        try await withTemporaryFolder { folder in
            try await withSSHD(in: folder) { fixture in
                let host = try fixture.host()
                try await withConnection(host) {
                    let mark = folder.appending("mark")
                    let fate = try await host.perform(
                        action(
                            "slow@1", "echo begun; (sleep 300; touch '\(mark)') & sleep 300",
                            timeout: .milliseconds(700)))
                    #expect(fate == .ended(status: "timeout", output: Array("begun\n".utf8)))
                    // What a command leaves behind does not hold up its end.
                    let left = try await host.perform(action("left@1", "sleep 5 & echo $!"))
                    guard case .ended("exit 0", let output) = left else {
                        Issue.record("\(left)")
                        return
                    }
                    let pid = Int32(String(decoding: output, as: UTF8.self).trimmingSuffixNewline)
                    _ = endProcess(try #require(pid))
                }
            }
        }
    }

    @Test func actionRunsOnceThoughTheConnectionIsLostAgainAndAgain() async throws {
        try await withTemporaryFolder { folder in
            try await withSSHD(in: folder) { fixture in
                let host = try fixture.host(fixture.settings(timeout: .seconds(5)))
                let (log, gate) = (folder.appending("log"), folder.appending("gate"))
                let command = "echo run >>'\(log)'; while [ ! -e '\(gate)' ]; do sleep 0.02; done; echo done"
                try await withConnection(host) {
                    var losses = 0
                    var fate: RemoteFate?
                    while fate == nil {
                        let round = losses
                        do {
                            fate = try await withThrowingTaskGroup(of: Void.self) { group in
                                group.addTask {
                                    guard round < 3 else {
                                        _ = try Files.create(gate, "")
                                        return
                                    }
                                    // The first cut may come before the runner claimed the action.
                                    if round > 0 { _ = try await eventually { Files.exists(log) } }
                                    try await fixture.proxy.cut()
                                }
                                let fate = try await host.perform(action("once@1", command))
                                try await group.waitForAll()
                                return fate
                            }
                        } catch SSHError.notConnected {
                            losses += 1
                            #expect(try await eventually(within: .seconds(30)) { host.facts != nil })
                        }
                    }
                    #expect(fate == .ended(status: "exit 0", output: Array("done\n".utf8)))
                    #expect(losses >= 3)
                    #expect(text(of: log) == "run\n")
                    // The same key never runs again, whoever asks.
                    let again = try await host.perform(action("once@1", command))
                    #expect(again == fate)
                    #expect(text(of: log) == "run\n")
                }
            }
        }
    }

    @Test func runnerThatWasKilledLeavesAnUncertainAction() async throws {
        try await withTemporaryFolder { folder in
            try await withSSHD(in: folder) { fixture in
                let host = try fixture.host(fixture.settings(timeout: .seconds(3)))
                try await withConnection(host) {
                    let record = fixture.remoteFolder.appending("actions/killed@1/claim")
                    async let fate = host.perform(action("killed@1", "sleep 600"))
                    #expect(try await eventually { Files.exists(record) })
                    let runner = try #require(ProcessSnapshot(statLine: text(of: record) ?? ""))
                    let below = ProcessTable().descendants(of: runner.pid).map(\.identity)
                    #expect(endProcess(runner.pid))
                    #expect(try await fate == .uncertain)
                    _ = await ProcessEnder().end(below, limit: .seconds(1))
                }
            }
        }
    }
}
