import Core
import Fleet
import ProcessKit
import SystemPackage
import TestSupport
import Testing

/// The generated scripts, run by the shells they are for.
struct CompletionTests {
    private func withCompletion(_ shell: String, _ body: (FleetFixture, FilePath) async throws -> Void)
        async throws
    {
        try await withFleet { fleet in
            try await fleet.git.git("branch", "topic/one")
            try await fleet.spawn("feature/login")
            let script = fleet.tmux.folder.appending("completion.\(shell)")
            let result = try await fleet.run("completions", shell)
            #expect(result.isSuccess, "\(result.errorText)")
            try Files.write(result.text, to: script)
            try await body(fleet, script)
        }
    }

    private func ask(_ fleet: FleetFixture, _ shell: [String]) async throws -> [String] {
        let path = "\(FleetFixture.program.removingLastComponent()):/usr/bin:/bin"
        let output = try await CommandRunner().run(
            Command(
                shell[0], Array(shell.dropFirst()),
                environment: fleet.environment.merging(["PATH": path]) { $1 },
                workingDirectory: fleet.root, timeout: .seconds(20)))
        return output.text.split(separator: "\n").map(String.init)
    }

    @Test func bashCompletesCommandsBranchesAndTemplates() async throws {
        try await withCompletion("bash") { (fleet: FleetFixture, script: FilePath) async throws in
            func complete(_ words: String...) async throws -> [String] {
                let list = words.map(Command.quoted).joined(separator: " ")
                let program = """
                    source \(script)
                    COMP_WORDS=(\(list)); COMP_CWORD=\(words.count - 1); COMP_LINE="${COMP_WORDS[*]}"; COMP_POINT=${#COMP_LINE}
                    $(complete -p tmux-agent | sed -E 's/.*-F ([^ ]+).*/\\1/') tmux-agent "${COMP_WORDS[COMP_CWORD]}" "${COMP_WORDS[COMP_CWORD-1]}"
                    printf '%s\\n' "${COMPREPLY[@]}"
                    """
                return try await ask(fleet, ["bash", "--norc", "-c", program]).map { $0.filter { $0 != " " } }
            }
            #expect(try await complete("tmux-agent", "sp") == ["spawn"])
            #expect(try await complete("tmux-agent", "rm", "fea") == ["feature/login"])
            #expect(try await complete("tmux-agent", "rm", "feature/login", "fea") == ["feature/login"])
            #expect(try await complete("tmux-agent", "spawn", "top") == ["topic/one"])
            #expect(try await complete("tmux-agent", "spawn", "x", "--template", "qa") == ["qa-template"])
        }
    }

    static let hasFish = Files.exists("/usr/bin/fish")
    static let hasZsh = Files.exists("/usr/bin/zsh")

    @Test(.enabled(if: hasFish)) func fishCompletesBranchesAndTemplates() async throws {
        try await withCompletion("fish") { (fleet: FleetFixture, script: FilePath) async throws in
            func complete(_ line: String) async throws -> [String] {
                let program = "source \(script); complete -C \(Command.quoted(line))"
                return try await ask(fleet, ["fish", "--no-config", "-c", program])
                    .map { $0.split(separator: "\t").first.map(String.init) ?? "" }
            }
            #expect(try await complete("tmux-agent rm fea") == ["feature/login"])
            #expect(try await complete("tmux-agent spawn top") == ["topic/one"])
            #expect(try await complete("tmux-agent spawn x --template qa") == ["qa-template"])
        }
    }

    /// zsh completes in its line editor only: it runs in a pane and gets real keys.
    @Test(.enabled(if: hasZsh)) func zshCompletesBranchesAndTemplates() async throws {
        try await withCompletion("zsh") { (fleet: FleetFixture, script: FilePath) async throws in
            let folder = fleet.tmux.folder.appending("zfunc")
            try Files.makeFolder(folder)
            try Files.write(script.text ?? "", to: folder.appending("_tmux-agent"))
            try Files.write(
                """
                fpath=(\(folder) $fpath)
                autoload -Uz compinit; compinit -D -u
                PS1='ready> '

                """, to: fleet.tmux.folder.appending(".zshrc"))
            let path = "\(FleetFixture.program.removingLastComponent()):/usr/bin:/bin"
            try await fleet.tmux.tmux(
                "new-session", "-d", "-s", "zsh", "-x", "120", "-y", "20", "-c", fleet.root.string, "env",
                "PATH=\(path)", "ZDOTDIR=\(fleet.tmux.folder)",
                "TMUX_AGENT_HOME=\(fleet.home.appending("ta"))", "zsh", "-i")
            func shows(_ text: String) async throws -> Bool {
                try await eventually {
                    try await fleet.tmux.tmux("capture-pane", "-p", "-t", "=zsh:").contains(text)
                }
            }
            #expect(try await shows("ready>"))
            for (typed, completed) in [
                ("tmux-agent rm fea", "tmux-agent rm feature/login"),
                ("tmux-agent spawn x --template qa", "--template qa-template"),
            ] {
                try await fleet.tmux.tmux("send-keys", "-t", "=zsh:", "-l", typed)
                try await fleet.tmux.tmux("send-keys", "-t", "=zsh:", "Tab")
                #expect(try await shows(completed), "\(typed)")
                try await fleet.tmux.tmux("send-keys", "-t", "=zsh:", "C-u")
            }
        }
    }
}
