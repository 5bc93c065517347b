internal import Glibc
internal import ProcessKit
internal import Synchronization
public import SystemPackage

/// Whether this machine has OpenSSH's server; `Tests/run.sh` installs it.
public let hasSSHD = Files.exists("/usr/sbin/sshd") && Files.exists("/usr/bin/ssh")

/// A real sshd on loopback, run as the current user with keys, settings and a port of its own, behind a proxy that can
/// cut and stall what goes through it.
public struct SSHDFixture: Sendable {
    public let folder: FilePath
    public let proxy: LoopbackProxy
    public let key: FilePath
    public let port: UInt16
    /// `ssh` in the first folder of its `PATH` reads the fixture's settings in place of the user's.
    public let environment: [String: String]
    /// The home folder there.
    public let home: FilePath

    /// The login name of the current user.
    public var user: String { Self.loginName }

    static var loginName: String {
        guard let entry = getpwuid(getuid()) else { return "root" }
        return String(cString: entry.pointee.pw_name)
    }
}

/// Runs `body` with an sshd whose login shells begin in `folder`/home with nothing of the user's.
public func withSSHD<Result>(
    isolation: isolated (any Actor)? = #isolation, in folder: FilePath, shell: String = "/bin/sh",
    _ body: (SSHDFixture) async throws -> Result
) async throws -> Result {
    let place = folder.appending("sshd")
    let home = folder.appending("home")
    for path in [place, home, folder.appending("bin")] { try Files.makeFolder(path, mode: 0o700) }
    // sshd wants the folder that its package makes at boot.
    if getuid() == 0 { try Files.makeFolder("/run/sshd", mode: 0o755) }
    for name in ["host", "key"] {
        let made = try await CommandRunner().run(
            Command(
                "ssh-keygen", ["-q", "-t", "ed25519", "-N", "", "-f", place.appending(name).string],
                environment: ["PATH": "/usr/bin:/bin"]))
        guard made.isSuccess else { throw SSHDFixtureError(reason: made.errorText) }
    }
    let publicKey = try Files.readText(place.appending("key.pub")) ?? ""
    try Files.write(publicKey, to: place.appending("authorized_keys"))
    let hostKey = (try Files.readText(place.appending("host.pub")) ?? "").split(separator: " ").prefix(2)
        .joined(separator: " ")
    // The user's own shell, home and environment stay out: sshd gives every session this command.
    let entry = place.appending("entry")
    try Files.write(
        """
        #!/bin/sh
        exec env -i HOME=\(home) PATH=/usr/local/bin:/usr/bin:/bin SHELL=\(shell) TMUX_TMPDIR=\(folder) \\
            LC_ALL=C TERM=dumb \(shell) -c "$SSH_ORIGINAL_COMMAND"
        """ + "\n", to: entry, mode: .init(rawValue: 0o700))
    let (daemon, port) = try await startDaemon(in: place, entry: entry)
    let proxy = try LoopbackProxy(to: port)
    try Files.write(
        """
        #!/bin/sh
        exec /usr/bin/ssh -F \(place)/config "$@"
        """ + "\n", to: folder.appending("bin/ssh"), mode: .init(rawValue: 0o755))
    try Files.write("[127.0.0.1]:\(proxy.port) \(hostKey)\n", to: place.appending("known_hosts"))
    try Files.write(
        """
        UserKnownHostsFile \(place)/known_hosts
        GlobalKnownHostsFile /dev/null
        StrictHostKeyChecking yes
        IdentityAgent none
        Host elsewhere
            HostName 127.0.0.1
            Port \(proxy.port)
            User \(SSHDFixture.loginName)
            IdentityFile \(place)/key
        """ + "\n", to: place.appending("config"))
    let fixture = SSHDFixture(
        folder: folder, proxy: proxy, key: place.appending("key"), port: proxy.port,
        environment: [
            "PATH": "\(folder)/bin:/usr/local/bin:/usr/bin:/bin", "HOME": folder.string, "LC_ALL": "C",
        ], home: home)
    let result: Swift.Result<Result, any Error>
    do { result = .success(try await body(fixture)) } catch { result = .failure(error) }
    proxy.stop()
    // Sessions are children of the daemon's; tmux servers that began in them are ended with their fixture.
    let sessions = ProcessTable().descendants(of: daemon.pid).map(\.identity)
    _ = await ProcessEnder().end([daemon] + sessions, limit: .milliseconds(500))
    return try result.get()
}

/// Tries ports until nobody else has taken the one that was free a moment ago.
private func startDaemon(in place: FilePath, entry: FilePath) async throws -> (ProcessIdentity, UInt16) {
    for _ in 0..<5 {
        let port = try freePort()
        try Files.write(
            """
            ListenAddress 127.0.0.1
            Port \(port)
            HostKey \(place)/host
            PidFile \(place)/pid
            AuthorizedKeysFile \(place)/authorized_keys
            PasswordAuthentication no
            KbdInteractiveAuthentication no
            UsePAM no
            StrictModes no
            PermitRootLogin yes
            PrintMotd no
            ForceCommand \(entry)
            """ + "\n", to: place.appending("sshd_config"))
        try Files.remove(place.appending("pid"))
        let log = place.appending("log").string
        let started = try await CommandRunner().run(
            Command(
                "/usr/sbin/sshd", ["-f", place.appending("sshd_config").string, "-E", log],
                environment: ["PATH": "/usr/sbin:/usr/bin:/bin"]))
        let isUp = try await eventually {
            guard started.isSuccess else { return true }
            return Files.exists(place.appending("pid"))
        }
        if started.isSuccess, isUp, let text = try Files.readText(place.appending("pid")),
            let pid = Int32(text.trimmingSuffixNewline), let process = ProcessTable.process(pid)
        {
            return (process.identity, port)
        }
    }
    throw SSHDFixtureError(reason: try Files.readText(place.appending("log")) ?? "sshd did not start")
}

private func freePort() throws -> UInt16 {
    let listener = socket(AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
    defer { close(listener) }
    guard let port = bindLoopback(listener) else { throw Errno(rawValue: errno) }
    return port
}

struct SSHDFixtureError: Error, CustomStringConvertible {
    let reason: String
    var description: String { "sshd: \(reason)" }
}
