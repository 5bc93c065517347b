import Core
import Fleet
import Glibc
import HTTPKit
import Logging
import ProcessKit
import ServiceLifecycle
import Store
import Synchronization
import SystemPackage
import TestSupport

@testable import Web

/// A time that a test moves.
final class SiteClock: Sendable {
    private let milliseconds = Atomic<Int64>(1_767_268_800_000)

    func now() -> Timestamp { Timestamp(milliseconds: milliseconds.load(ordering: .relaxed)) }
    func advance(by duration: Duration) { milliseconds.add(duration.inMilliseconds, ordering: .relaxed) }
}

/// A fleet with a server of this process on a port of its own, and a client for it.
struct SiteFixture: Sendable {
    let folder: FilePath
    let context: FleetContext
    let clock: SiteClock
    let site: WebSite
    let port: Int
    let token: String
    private let client = HTTPClient(label: "test")

    var url: String { "http://127.0.0.1:\(port)" }
    var bearer: (name: String, value: String) { ("Authorization", "Bearer \(token)") }

    func get(_ path: String, _ headers: [(name: String, value: String)] = []) async throws -> HTTPResponse {
        try await send("GET", path, headers)
    }

    func send(
        _ method: String, _ path: String, _ headers: [(name: String, value: String)] = [],
        _ body: [UInt8]? = nil
    ) async throws -> HTTPResponse {
        try await client.send(
            HTTPRequest(
                method: method, url: url + path, headers: headers, body: body, timeout: .seconds(20)))
    }

    /// Posts JSON.
    func post(
        _ path: String, _ value: JSONValue, _ headers: [(name: String, value: String)] = []
    ) async throws -> HTTPResponse {
        try await send(
            "POST", path, headers + [("Content-Type", "application/json")], Array(value.serialized().utf8))
    }

    /// Posts a form, as a browser does for a page of `origin`.
    func form(
        _ path: String, _ text: String, _ headers: [(name: String, value: String)] = []
    ) async throws -> HTTPResponse {
        try await send(
            "POST", path, headers + [("Content-Type", "application/x-www-form-urlencoded")],
            Array(text.utf8))
    }

    /// Logs in and returns the header that a browser sends from then on.
    func logIn() async throws -> (name: String, value: String) {
        let answer = try await post("/login", ["token": .string(token)])
        let cookie = answer.headers["set-cookie"]?.split(separator: ";").first.map(String.init) ?? ""
        return ("Cookie", cookie)
    }

    /// A request that a page of ours sends.
    var ownPage: (name: String, value: String) { ("Sec-Fetch-Site", "same-origin") }
}

extension HTTPResponse {
    var json: JSONValue { (try? JSONValue.parse(text)) ?? .null }
    var errorCode: String? { json["error"]?["code"]?.string }
}

private struct Ready: Error {}

/// Runs `body` beside a server; afterwards the server ends as `down` ends it.
func withSite<Result: Sendable>(
    page: WebServer.Page = .dashboard, settings: String = "", environment more: [String: String] = [:],
    limits: WebLimits = WebLimits(), isTrusted: Bool = true,
    _ body: @escaping @Sendable (SiteFixture) async throws -> Result
) async throws -> Result {
    try await withTemporaryFolder { folder in
        let root = folder.appending("shop")
        _ = try await GitFixture.plain(at: root)
        try Files.makeFolder(root.appending(".tmuxagent"))
        try Files.write("[fleet]\nname = \"shop\"\n" + settings, to: root.appending(".tmuxagent/fleet.toml"))
        let clock = SiteClock()
        var environment = GitFixture.environment
        environment["TMUX_AGENT_HOME"] = folder.appending("home").string
        environment["TMUX_TMPDIR"] = folder.string
        environment.merge(more) { $1 }
        let surroundings = Surroundings(
            environment: environment, workingDirectory: root, executable: "/bin/true", processID: getpid(),
            user: "ada", now: { clock.now() }, ids: IDMaker { UInt64.random(in: .min ... .max) })
        var context = try await FleetContext.open(surroundings)
        if isTrusted {
            try await context.store.trust(root, at: clock.now())
            context = try await FleetContext.open(surroundings)
        }
        let log = Logger(label: "test", factory: { _ in SwiftLogNoOpLogHandler() })
        let token = try AccessToken.standard(surroundings, context.places)
        let site = try WebSite(
            context: SiteContext(context), host: "127.0.0.1", token: token, isOwnToken: true, limits: limits,
            log: log)
        let (ports, ready) = AsyncStream.makeStream(of: Int.self)
        let server = WebServer(
            site, page: page, at: .init(host: "127.0.0.1", port: 0, mayMove: false), log: log
        ) { address in
            ready.yield(address.port)
        }
        let group = ServiceGroup(
            configuration: ServiceGroupConfiguration(
                services: [
                    .init(service: Feed(site: site), successTerminationBehavior: .gracefullyShutdownGroup),
                    .init(service: server, successTerminationBehavior: .gracefullyShutdownGroup),
                ], logger: log))
        return try await withThrowingTaskGroup(of: Void.self) { tasks in
            tasks.addTask {
                defer { ready.finish() }
                try await group.run()
            }
            guard let port = await ports.first(where: { _ in true }) else {
                try await tasks.next()
                throw Ready()
            }
            let fixture = SiteFixture(
                folder: folder, context: context, clock: clock, site: site, port: port, token: token.text)
            do {
                let result = try await body(fixture)
                await group.triggerGracefulShutdown()
                try await tasks.waitForAll()
                return result
            } catch {
                await group.triggerGracefulShutdown()
                try? await tasks.waitForAll()  // the first error is the one to tell
                throw error
            }
        }
    }
}

private struct Feed: Service {
    let site: WebSite
    func run() async throws { try await site.runFeed() }
}
