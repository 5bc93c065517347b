import Core
import Glibc
import ProcessKit
import SystemPackage
import TestSupport
import Testing

@Suite(
    .enabled(if: hasSSHD, "openssh-server is not installed; Tests/run.sh installs it"),
    .timeLimit(.minutes(4)))
struct RemoteHostTests {
    @Test func markersAndActionsOfALostHostHappenOnceAndNoOtherHostWaits() async throws {
        try await withTmux { tmux in
            try await withSSHD(in: tmux.folder) { sshd in
                // Long enough for every cut to fall into it.
                let scene = try await Scene.make(tmux, sshd, pause: "sleep 0.02")
                try await scene.watching { program in
                    #expect(try await program.says("host down: "), "\(program.log)")
                    #expect(try await scene.isPiped(), "\(program.log)")
                    try scene.open("far")
                    #expect(try await scene.counts("far", atLeast: 40), "\(program.log)")
                    try await sshd.proxy.cut()
                    #expect(try await scene.counts("far", atLeast: 90), "\(program.log)")
                    #expect(endProcess(program.child.identity.pid))
                }
                try await scene.watching { program in
                    #expect(try await scene.counts("far", atLeast: 140), "\(program.log)")
                    sshd.proxy.stall(true)
                    try scene.open("near")
                    #expect(try await scene.counts("near", atLeast: 1), "\(program.log)")
                    #expect(try await program.says("host far: "), "\(program.log)")
                    sshd.proxy.stall(false)
                    try await sshd.proxy.cut()
                    #expect(try await program.says("host far: works again"), "\(program.log)")
                    #expect(try await scene.counts("far", atLeast: Scene.markers), "\(program.log)")
                    try await sshd.proxy.cut()
                    let isCompleted = try await eventually(within: .seconds(60)) {
                        try await scene.sql("SELECT count(*) FROM run WHERE state = 'completed'") == "1"
                    }
                    #expect(isCompleted, "\(program.log)")
                    // Somebody there takes the pane's pipe: nothing of ours stays with it.
                    try await scene.far.tmux("pipe-pane", "-t", "%0", "exec cat >/dev/null")
                    #expect(try await program.says("somebody else has its pipe now"), "\(program.log)")
                    let isLeft = try await eventually(within: .seconds(20)) {
                        let traces = try await scene.far.tmux(
                            "list-panes", "-a", "-F", "#{pane_pipe}#{@tmux-agent-tap}")
                        return traces == "1" && scene.remoteTaps.isEmpty
                    }
                    #expect(isLeft, "\(scene.remoteTaps) \(program.log)")
                    try await program.stop()
                    #expect(try await scene.far.tmux("list-panes", "-a", "-F", "#{pane_pipe}") == "1")
                    try await scene.far.tmux("pipe-pane", "-t", "%0")
                    try await scene.expectEverythingOnce(program.log)
                }
            }
        }
    }

    @Test func aHostThatIsSilentAtTheEndKeepsNoOtherHostsPipes() async throws {
        try await withTmux { tmux in
            try await withSSHD(in: tmux.folder) { sshd in
                let scene = try await Scene.make(tmux, sshd, pause: ":", timeout: 60)
                try await scene.watching { program in
                    #expect(try await scene.isPiped(), "\(program.log)")
                    #expect(try await scene.isPiped(scene.near), "\(program.log)")
                    sshd.proxy.stall(true)
                    #expect(kill(program.child.identity.pid, SIGTERM) == 0)
                    #expect(try await scene.isPiped(scene.near, "0"), "\(program.log)")
                    #expect(try await program.says("could not be given back: its host did not answer"))
                    try await program.ends()
                    // What it could not be told stays with the host, and nothing else.
                    #expect(try await scene.isPiped(), "\(program.log)")
                }
            }
        }
    }

    @Test func onePassDoesWhatCanBeDoneAndNamesTheHostsThatAreAway() async throws {
        try await withTmux { tmux in
            try await withSSHD(in: tmux.folder) { sshd in
                let scene = try await Scene.make(tmux, sshd, pause: ":")
                try scene.open("far")
                let isOver = try await eventually(within: .seconds(60)) {
                    try await scene.far.tmux("capture-pane", "-p", "-t", "%0")
                        .contains("\"n\":\(Scene.markers)}")
                }
                #expect(isOver)
                let dry = try await CommandRunner().run(try scene.command("--once", "--dry-run"))
                #expect(dry.exitCode == 69, "\(dry.errorText)")
                #expect(dry.text.contains("would type: typed there"), "\(dry.text)")
                #expect((text(of: scene.folder.appending("received")) ?? "").isEmpty)
                #expect(!Files.exists(scene.folder.appending("state")))
                #expect(Files.names(in: sshd.home).isEmpty)
                let pass = try await CommandRunner().run(try scene.command("--once"))
                #expect(pass.exitCode == 69, "\(pass.errorText)")
                #expect(pass.errorText.contains("Not reached: down"), "\(pass.errorText)")
                #expect(pass.text.contains("storm/act"), "\(pass.text)")
                try await scene.expectEverythingOnce(pass.errorText)
            }
        }
    }

    /// `run` while it runs.
    private struct Program {
        let child: StreamingChild

        var log: String { child.errorText(limit: 1 << 20) }

        func says(_ text: String) async throws -> Bool {
            try await eventually(within: .seconds(40)) { log.contains(text) }
        }

        func stop() async throws {
            #expect(kill(child.identity.pid, SIGTERM) == 0)
            try await ends()
        }

        func ends() async throws {
            let isEnded = try await eventually(within: .seconds(30)) {
                !ProcessTable.isAlive(child.identity)
            }
            #expect(isEnded, "\(log)")
        }
    }

    /// Three hosts: one behind a connection that is cut, this machine, and one that is down.
    private struct Scene {
        let sshd: SSHDFixture
        let far: TmuxFixture
        let near: TmuxFixture
        static let markers = 400
        var folder: FilePath { sshd.folder }

        /// `pause` is a shell word between two markers.
        static func make(
            _ tmux: TmuxFixture, _ sshd: SSHDFixture, pause: String, timeout: Int = 4
        ) async throws -> Scene {
            let folder = tmux.folder
            func server(in place: FilePath) throws -> TmuxFixture {
                let sockets = place.appending("tmux-\(getuid())")
                try Files.makeFolder(sockets, mode: 0o700)
                return TmuxFixture(
                    folder: folder, socket: sockets.appending("default"), environment: tmux.environment)
            }
            let scene = Scene(
                sshd: sshd, far: try server(in: folder), near: try server(in: folder.appending("n")))
            try scene.writeSettings(timeout: timeout)
            let storm = """
                stty -echo; while [ ! -e '\(folder)/far.go' ]; do sleep 0.05; done; n=0; while [ $n -lt \(markers) ]; do \
                n=$((n+1)); printf '### SENTRY {"type":"STORM","n":%s}\\n' $n; \(pause); done; \
                exec cat >>'\(folder)/received'
                """
            try await scene.far.tmux("new-session", "-d", "-s", "it's far #1", "-x", "80", "-y", "24", storm)
            let word = """
                while [ ! -e '\(folder)/near.go' ]; do sleep 0.05; done; \
                printf '### SENTRY {"type":"NEAR","n":1}\\n'; exec cat
                """
            try await scene.near.tmux("new-session", "-d", "-s", "near", "-x", "80", "-y", "24", word)
            return scene
        }

        private func writeSettings(timeout: Int) throws {
            try Files.write(
                """
                sqlite_path: \(folder)/state.db
                approval_dir: \(folder)/approvals
                hosts:
                  - name: down
                    ssh: { host: nowhere.invalid, timeout: 3 }
                  - name: far
                    ssh: { host: 127.0.0.1, port: \(sshd.port), user: \(sshd.user), key: \(sshd.key), timeout: \(timeout) }
                  - name: near
                """ + "\n", to: folder.appending("hosts.yaml"))
            try Files.write(
                """
                pipelines:
                  - name: storm
                    match: { any_of: [ { host: far } ] }
                    stages:
                      - name: count
                        success_when: { marker: { type: STORM, n: \(Self.markers) } }
                      - name: act
                        actions_on_start:
                          - send_keys: "typed there"
                          - shell: 'echo "$TMUX_AGENT_STAGE on $TMUX_AGENT_HOST" >>"\(folder)/acted"; sleep 1'
                        success_when: { exit_code: 0 }
                """ + "\n", to: folder.appending("policy.yaml"))
        }

        /// Runs `run` while `body` lasts; it watches when that begins.
        func watching(_ body: (Program) async throws -> Void) async throws {
            try await CommandRunner().withChild(try command(), keepsErrors: true) { child in
                let program = Program(child: child)
                #expect(try await program.says("watching far"), "\(program.log)")
                #expect(try await program.says("watching near"), "\(program.log)")
                try await body(program)
            }
        }

        func isPiped(_ tmux: TmuxFixture? = nil, _ state: String = "1") async throws -> Bool {
            try await eventually(within: .seconds(40)) {
                try await (tmux ?? far).tmux("list-panes", "-a", "-F", "#{pane_pipe}") == state
            }
        }

        /// Files of taps that are left on the remote machine.
        var remoteTaps: [String] {
            let home = sshd.home.appending(".tmux_agent/hosts")
            return Files.names(in: home).flatMap { Files.names(in: home.appending($0)) }
                .filter { $0.contains("tap") }
        }

        func command(_ more: String...) throws -> Command {
            var environment = sshd.environment
            environment["TMUX_AGENT_HOME"] = folder.appending("state").string
            environment["TMUX_TMPDIR"] = folder.appending("n").string
            environment["SHELL"] = "/bin/sh"
            return Command(
                try BuiltProgram.path().string,
                ["run", "--config", "hosts.yaml", "--policy", "policy.yaml"] + more,
                environment: environment, workingDirectory: folder)
        }

        func open(_ name: String) throws { _ = try Files.create(folder.appending("\(name).go"), "") }

        func sql(_ query: String) async throws -> String {
            try await CommandRunner().run(
                Command(
                    "sqlite3", ["-readonly", folder.appending("state.db").string, query],
                    environment: ["PATH": "/usr/bin:/bin"])
            ).text.trimmingSuffixNewline
        }

        func counts(_ host: String, atLeast count: Int) async throws -> Bool {
            try await eventually(within: .seconds(60)) {
                let found = try await sql(
                    "SELECT count(*) FROM journal WHERE kind = 'marker' AND subject LIKE 'pane:\(host):%'")
                return (Int(found) ?? 0) >= count
            }
        }

        func expectEverythingOnce(_ log: String) async throws {
            let numbers = try await sql(
                """
                SELECT group_concat(json_extract(payload, '$.marker.n'), ' ') FROM
                (SELECT payload FROM journal WHERE kind = 'marker' AND subject LIKE 'pane:far:%' ORDER BY id)
                """)
            #expect(numbers == (1...Self.markers).map(String.init).joined(separator: " "), "\(log)")
            #expect(text(of: folder.appending("acted")) == "act on far\n")
            #expect(text(of: folder.appending("received")) == "typed there\n")
            let changes = try await sql(
                """
                SELECT count(*) FROM journal WHERE kind = 'stage.changed'
                AND json_extract(payload, '$.to') = 'COMPLETED'
                """)
            #expect(changes == "2", "\(log)")
            // Nothing of ours is left in tmux there, nor in its taps.
            #expect(try await far.tmux("list-panes", "-a", "-F", "#{pane_pipe}") == "0")
            #expect(remoteTaps.isEmpty, "\(remoteTaps)")
        }
    }
}
