import ProcessKit
import SystemPackage
import TestSupport
import Testing

@testable import SSHKit

/// Texts that break every careless quoting.
let awkwardWords = [
    "a'#(touch x)%H b", "two\nlines\n", "\"double\" $HOME `id` \\ \\\\ !! *", "日本 語", "", "-n",
    "tab\there;|&<>", "\u{1}\u{7f}", "%d%s\\0101",
]

@Suite(.timeLimit(.minutes(1)))
struct RemoteLineTests {
    /// Login shells that this machine happens to have; sh and bash are everywhere.
    static let shells = ["/bin/sh", "/bin/bash", "/bin/zsh", "/usr/bin/fish", "/bin/tcsh"].filter {
        Files.exists(FilePath($0))
    }

    @Test(arguments: shells)
    func everyLoginShellPassesArgumentsOnUntouched(shell: String) async throws {
        try await withTemporaryFolder { folder in
            let there = folder.appending("a'#(touch x) 日本\nb")
            try Files.makeFolder(there)
            let command = Command(
                "sh", ["-c", #"pwd; for word; do printf '%s\001' "$word"; done"#, "sh"] + awkwardWords,
                environment: [:], workingDirectory: there)
            let line = RemoteLine.running(command, recordedIn: nil)
            #expect(!line.contains("\n"))
            let result = try await CommandRunner().run(
                Command(
                    shell, ["-c", line],
                    environment: ["PATH": "/usr/bin:/bin", "HOME": folder.string, "TMUX": "x"],
                    workingDirectory: folder))
            let expected = "\(there)\n" + awkwardWords.map { "\($0)\u{1}" }.joined()
            #expect(result.text == expected, "\(result.errorText)")
            #expect(!Files.exists(folder.appending("x")))
        }
    }

    @Test func namesKeepDifferentTextsApart() {
        let texts = ["a b", "a_20b", "a.tap", ".tap", "..", "-x", "日", "a/b", "%3@47.1"]
        let names = texts.map(RemoteName.make)
        #expect(Set(names).count == texts.count)
        for name in names {
            #expect(name.first != "." && name.first != "-")
            #expect(name.utf8.allSatisfy { $0 > 32 && $0 < 127 && !"/%'\"*?[".utf8.contains($0) })
        }
    }
}

struct ReconnectPausesTests {
    @Test func pausesGrowToAMinuteAndBeginAnewAfterAGoodConnection() {
        var pauses = ReconnectPauses()
        let first = (0..<10).map { _ in pauses.next(chance: 1) }
        #expect(first.prefix(4) == [.milliseconds(500), .seconds(1), .seconds(2), .seconds(4)])
        #expect(first.last == .seconds(60))
        pauses.connectionEnded(after: nil)
        #expect(pauses.next(chance: 0) == .seconds(30))
        pauses.connectionEnded(after: .seconds(9))
        #expect(pauses.next(chance: 0) == .seconds(30))
        pauses.connectionEnded(after: .seconds(10))
        #expect(pauses.next(chance: 0) == .milliseconds(250))
    }
}
