import Core
import Glibc
import ProcessKit
import SSHKit
import SystemPackage
import TestSupport
import TmuxKit

extension SSHDFixture {
    /// As hosts.yaml would say it, without the user's settings.
    func settings(timeout: Duration = .seconds(20)) -> SSHSettings {
        var settings = SSHSettings(host: "127.0.0.1")
        (settings.port, settings.user, settings.key) = (Int(port), user, key)
        settings.timeout = timeout
        return settings
    }

    func host(_ settings: SSHSettings? = nil) throws -> SSHHost {
        let place = folder.appending("host")
        try Files.makeFolder(place, mode: 0o700)
        return SSHHost(
            settings ?? self.settings(), folder: place, remoteFolder: ".tmux_agent/hosts/w",
            environment: environment, ids: IDMaker { UInt64.random(in: 0...UInt64.max) })
    }

    /// The courier's folder, which lies on this machine too.
    var remoteFolder: FilePath { home.appending(".tmux_agent/hosts/w") }

    func tmux(on host: SSHHost, facts: RemoteFacts) throws -> Tmux {
        Tmux(
            address: try TmuxServerAddress(
                path: FilePath("\(facts.temporaryFolder)/tmux-\(facts.userID)/default")),
            configurationFile: "/dev/null", environment: environment,
            transport: TmuxTransport { host.carry($0, isLasting: $1) })
    }
}

/// Runs `body` while `host` connects and connects again; it is connected when `body` begins.
func withConnection<Result: Sendable>(
    _ host: SSHHost, _ body: () async throws -> Result
) async throws -> Result {
    try await withThrowingTaskGroup(of: Void.self) { group in
        group.addTask { await host.run() }
        defer { group.cancelAll() }
        let isConnected = try await eventually(within: .seconds(30)) { host.facts != nil }
        guard isConnected else { throw NotConnected(condition: host.condition) }
        return try await body()
    }
}

struct NotConnected: Error { var condition: SSHCondition }

/// A shell that writes numbered lines to a file until it is ended; it is no child of any connection.
func withWriter(to file: FilePath, _ body: () async throws -> Void) async throws {
    let stop = FilePath("\(file).stop")
    let line = """
        n=0; while [ ! -e '\(stop)' ]; do n=$((n+1)); printf 'line %s of the storm\\n' $n; \
        [ $((n % 50)) -ne 0 ] || sleep 0.01; done >>'\(file)'
        """
    try await withThrowingTaskGroup(of: Void.self) { group in
        group.addTask {
            _ = try await CommandRunner().run(
                Command("sh", ["-c", line], environment: ["PATH": "/usr/bin:/bin"]))
        }
        try await body()
        _ = try Files.create(stop, "")
        try await group.waitForAll()
    }
}
