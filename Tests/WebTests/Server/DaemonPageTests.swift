import Core
import Fleet
import HTTPKit
import Logging
import ProcessKit
import ServiceLifecycle
import Synchronization
import SystemPackage
import TestSupport
import Testing

@testable import Web

/// The pages as the daemon and the commands serve them.
@Suite(.timeLimit(.minutes(2)))
struct DaemonPageTests {
    @Test func daemonServesBothPagesAndLeavesNothingBehind() async throws {
        try await withFleetFixture(more: "[dashboard]\nport = 0\n[portal]\nenabled = true\nport = 0\n") {
            fleet in
            let started = try JSONValue.parse(try await fleet.succeed("up", "--json"))
            let dashboard = try #require(started["dashboard"]?.string)
            let portal = try #require(started["portal"]?.string)
            let parts = dashboard.split(separator: "/#token=").map(String.init)
            #expect(
                parts.count == 2 && portal.hasSuffix("/#token=\(parts[1])") && !portal.hasPrefix(parts[0]))
            let status = try JSONValue.parse(try await fleet.succeed("status", "--json"))
            #expect(status["dashboard"]?.string == parts[0] && status["daemon"]?["troubles"] == .array([]))
            #expect(try await fleet.succeed("status").contains("dashboard  \(parts[0])"))
            #expect(try await fleet.succeed("portal", "--print").hasPrefix(portal))
            let client = HTTPClient(label: "daemon")
            #expect(try await client.send(HTTPRequest(url: parts[0] + "/healthz")).text == "ok\n")

            // Somebody follows, and somebody has begun a request: neither holds the end up.
            let port = try #require(parts[0].split(separator: ":").last.flatMap { Int($0) })
            let follower = try RawClient(port: port)
            await follower.send("GET /api/events HTTP/1.1\r\nHost: localhost\r\n\r\n")
            _ = try await follower.read(until: "event: parts")
            let half = try RawClient(port: port)
            await half.send("POST /login HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100\r\n\r\n{")
            let clock = ContinuousClock()
            let begin = clock.now
            try await fleet.succeed("down")
            #expect(clock.now - begin < .seconds(9), "the limit of the daemon's end was not needed")
            _ = try await follower.readToEnd()
            #expect(throws: RawClientError.self) { try RawClient(port: port) }
            let context = try await fleet.context()
            #expect(Files.names(in: context.run).filter { $0.hasSuffix(".address") }.isEmpty)
            let gone = try await fleet.run("dashboard", "--print")
            #expect(gone.status == 69)
        }
    }

    @Test func aTakenPortIsATroubleAndNotTheEnd() async throws {
        let other = try LoopbackServer { _ in .respond(status: 200) }
        try await withFleetFixture(more: "[dashboard]\nport = \(other.port)\n") { fleet in
            let started = try JSONValue.parse(try await fleet.succeed("up", "--json"))
            #expect(started["dashboard"] == .null && started["pid"] != nil)
            let status = try JSONValue.parse(try await fleet.succeed("status", "--json"))
            let trouble = status["daemon"]?["troubles"]?.array?.first?.string
            #expect(trouble?.hasPrefix("dashboard: Port \(other.port) of 127.0.0.1 is taken") == true)
            let refused = try await fleet.run("dashboard", "--port", "\(other.port)")
            #expect(refused.status == 1 && refused.stderr.contains("is taken by another program"))
        }
    }

    @Test func commandServesAlonePrintsTheAddressAndEndsOnTERM() async throws {
        try await withFleetFixture { fleet in
            let outcome = try await fleet.shell(
                """
                "$1" dashboard --port 0 > out & pid=$!
                until grep -q token= out; do kill -0 $pid || exit 9; read -rt 0.05 <> <(:); done
                url=$(sed 's,/#.*,,' out); token=$(sed 's/.*token=//' out)
                curl -sf "$url/healthz"; curl -s -o /dev/null -w '%{http_code} ' "$url/api/overview"
                curl -s -o /dev/null -w '%{http_code} ' -X POST -H "X-Auth-Token: $token" -d '{}' "$url/api/commands"
                kill -TERM $pid; wait $pid; echo "ended $?"
                curl -s "$url/healthz" || echo "nobody there"
                """)
            #expect(outcome.stdout == "ok\n200 400 ended 0\nnobody there\n", "\(outcome)")
            let public_ = try await fleet.run("portal", "--host", "0.0.0.0", "--port", "0")
            #expect(public_.status == 78 && public_.stderr.contains("needs a token"))
        }
    }

    @Test func aDefaultPortGivesWayAndANamedOneDoesNot() async throws {
        let other = try LoopbackServer { _ in .respond(status: 200) }
        try await withSite { fixture in
            let log = Logger(label: "test", factory: { _ in SwiftLogNoOpLogHandler() })
            let (ports, found) = AsyncStream.makeStream(of: Int.self)
            let place = WebServer.Place(host: "127.0.0.1", port: Int(other.port), mayMove: true)
            let server = WebServer(fixture.site, page: .dashboard, at: place, log: log) {
                found.yield($0.port)
            }
            let named = WebServer(
                fixture.site, page: .dashboard,
                at: WebServer.Place(host: "127.0.0.1", port: Int(other.port), mayMove: false), log: log
            ) { _ in }
            await #expect(throws: WebError.addressTaken(host: "127.0.0.1", port: Int(other.port))) {
                try await named.run()
            }
            await withTaskGroup(of: Void.self) { group in
                // Being cancelled is how it ends here.
                group.addTask { try? await server.run() }
                let port = await ports.first { _ in true }
                #expect(port != nil && port != Int(other.port))
                group.cancelAll()
            }
        }
    }
}
