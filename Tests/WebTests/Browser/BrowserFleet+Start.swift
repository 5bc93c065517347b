import Core
import Glibc
import SystemPackage
import TestSupport
import Testing

extension BrowserFleet {
    private static let scripts = [
        "agent":
            "say Reading the code.\nexpect go\nrun printf 'Overwrite the file? [y/n] '\nexpect y\nsay Overwritten.",
        "asker": "say Built.",
        "evil": "run cat \"$HOME/evil.txt\"",
        "painter":
            "expect page\nrun printf '\\033[2J\\033[H'\nrun cat \"$HOME/session.txt\"\nmarker {\"type\":\"STATUS\",\"stage\":\"lint\",\"ok\":true,\"summary\":\"lint is clean\"}",
    ]

    private static let policy = """
        principles: ["Small steps, each with its tests", "Nothing is merged unseen"]
        pipelines:
          - name: release
            match: { branch: "ask/*" }
            stages:
              - name: build
                triggers: { any_of: [ { message_type: STATUS } ] }
                actions_on_start: [ { shell: "true" } ]
              - name: deploy
                require_approval: { prompt: "Deploy this branch to staging?" }
                actions_on_start: [ { shell: "true" } ]
          - name: checks
            match: { branch: "shop/*" }
            stages:
              - name: lint
                triggers: { any_of: [ { marker: { type: STATUS, stage: lint } } ] }
                actions_on_start: [ { shell: "true" } ]
              - name: test
                success_when: { any_of: [ { marker: { type: STATUS, stage: test } } ] }
              - name: review
                require_approval: { prompt: "Is it good enough to merge?" }
                actions_on_start: [ { shell: "true" } ]
        """

    /// Starts a fleet, its daemon and a browser for the time of `body`.
    static func with(_ body: @Sendable (BrowserFleet) async throws -> Void) async throws {
        // Named, so that the page finds the server again after a restart.
        let (port, portalPort) = try (freePort(), freePort())
        try await withFleetFixture(
            scripts: scripts, policy: policy,
            more: """
                [dashboard]
                port = \(port)
                [portal]
                enabled = true
                port = \(portalPort)
                [summary]
                command = 'printf "{\\"result\\":\\"%s line says it\\",\\"total_cost_usd\\":0.25}" $(grep -c Built)'

                """
        ) { fleet in
            try fleet.write(HostileText.output, to: fleet.folder.appending("user/evil.txt").string)
            try await fleet.succeed("up")
            let dashboard = try await address(fleet, "dashboard")
            let portal = try await address(fleet, "portal")
            try await Browser.with(fleet.folder) { driver in
                try await driver.browser(
                    "Page.addScriptToEvaluateOnNewDocument", ["source": .string(HostileText.watch)])
                try await body(
                    BrowserFleet(driver: driver, fleet: fleet, dashboard: dashboard, portal: portal))
            }
            do {
                try await fleet.succeed("down")
            } catch {
                // No test waits for it any more.
                Issue.record(error)
            }
        }
    }

    /// Below those that the kernel gives away, so that nobody who asks for any port gets it while the server restarts.
    private static func freePort() throws -> UInt16 {
        for _ in 0..<100 {
            let port = UInt16.random(in: 15_000..<32_000)
            if isFree(port) { return port }
        }
        throw WebDriverError(text: "no port is free")
    }

    private static func isFree(_ port: UInt16) -> Bool {
        let socket = socket(AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        defer { close(socket) }
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        address.sin_port = port.bigEndian
        return withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(socket, $0, socklen_t(MemoryLayout<sockaddr_in>.size)) == 0
            }
        }
    }

    private static func address(_ fleet: FleetFixture, _ page: String) async throws -> String {
        let text = try await fleet.succeed(page, "--print", "--json")
        return try #require(try JSONValue.parse(text)[page]?.string)
    }
}
