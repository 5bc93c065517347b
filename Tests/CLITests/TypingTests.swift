import Core
import ProcessKit
import SystemPackage
import TestSupport
import Testing

@Suite(.timeLimit(.minutes(1)))
struct TypingTests {
    @Test func textKeysAndStandardInputArriveOnce() async throws {
        try await withFleetFixture { fleet in
            // A pane shows echo and output mixed; what the program itself read is in the file.
            try await fleet.succeed("spawn", "feature/x", "--startup", "sh -c 'exec cat >../../../received'")
            let sent = try await fleet.run("send", "feature/x", "Enter; -t %0 #(touch nothing)")
            #expect(sent.description == "feature/x: accepted\n[status 0]")
            let lines = try await fleet.run("send", "feature/x", "one\n  two\nthree", "--json").json
            #expect(lines == ["branch": "feature/x", "receipt": "accepted", "detail": .null])
            try await fleet.succeed("send", "feature/x", "-", input: "from a pipe\n")
            try await fleet.succeed("send", "feature/x", "--keys", "k", "e", "y", "Enter")
            try await fleet.expectFile("received", contains: "key\n")
            #expect(
                try fleet.read("received")
                    == "Enter; -t %0 #(touch nothing)\none\n  two\nthree\nfrom a pipe\nkey\n")
        }
    }

    @Test func withoutEnterTheTextStaysInTheInput() async throws {
        try await withFleetFixture { fleet in
            try await fleet.succeed("spawn", "feature/x")
            let sent = try await fleet.run("send", "feature/x", "half", "--no-enter", "--json").json
            #expect(sent["receipt"] == "pasted")
            #expect(try await !fleet.run("logs", "feature/x").stdout.contains("Noted"))
            try await fleet.succeed("send", "feature/x", "--keys", "Enter")
            let noted = try await eventually {
                try await fleet.run("logs", "feature/x").stdout.contains("Noted: half")
            }
            #expect(noted)
        }
    }

    @Test(arguments: [
        (["send", "feature/x"], 64), (["send", "feature/x", "a", "--keys", "b"], 64),
        (["send", "feature/x", ""], 64), (["send", "nobody", "a"], 1),
    ])
    func whatCannotBeSentIsRefused(arguments: [String], status: Int) async throws {
        try await withFleetFixture { fleet in
            try await fleet.succeed("spawn", "feature/x")
            let outcome = try await fleet.run(arguments)
            #expect(outcome.status == status, "\(outcome)")
            #expect(outcome.stderr.hasPrefix("Error: "))
        }
    }

    @Test func logsAreTextRawAndFollowed() async throws {
        try await withFleetFixture { fleet in
            let startup = "printf '\\033[31mred\\033[0m\\n\\302\\233x\\n'; exec cat"
            try await fleet.succeed("spawn", "feature/x", "--startup", "sh -c \"\(startup)\"")
            let isThere = try await eventually {
                try await fleet.run("logs", "feature/x").stdout.contains("red\n")
            }
            #expect(isThere)
            #expect(try await !fleet.run("logs", "feature/x").stdout.contains("\u{1b}"))
            #expect(try await fleet.run("logs", "feature/x", "--raw").stdout.contains("\u{1b}[31mred"))
            let json = try await fleet.run("logs", "feature/x", "--json").json
            #expect(json["lines"]?.array?.first == "red")
            #expect(try await fleet.run("logs", "feature/x", "--json", "--follow").status == 64)
            let followed = try await fleet.shell(
                """
                mkfifo ../lines
                "$1" logs feature/x --follow >../lines & pid=$!
                while read -r line <&3; do
                    case $line in
                        red) "$1" send feature/x later >/dev/null ;;
                        later) break ;;
                    esac
                done 3<../lines
                kill -INT $pid; wait $pid; echo "status $?"
                """)
            #expect(followed.stdout == "status 130\n", "\(followed)")
        }
    }

    @Test func aReaderThatGoesAwayEndsTheOutputQuietly() async throws {
        try await withFleetFixture(scripts: [
            "agent": "repeat 900 say line %d \(String(repeating: "of many more ", count: 9))"
        ]) {
            fleet in
            try await fleet.succeed("spawn", "feature/x")
            let all = try await eventually {
                try await fleet.run("logs", "feature/x", "--raw").stdout.contains("line 900 ")
            }
            #expect(all)
            for options in ["", "--raw", "--follow"] {
                let outcome = try await fleet.shell(
                    "\"$1\" logs feature/x \(options) | head -1; echo \"${PIPESTATUS[0]}\"")
                #expect(outcome.stdout.hasPrefix("line 1 of"), "\(options): \(outcome)")
                #expect(outcome.stdout.hasSuffix("0\n"), "\(options): \(outcome)")
                #expect(outcome.stderr.isEmpty, "\(options): \(outcome)")
            }
        }
    }
}
