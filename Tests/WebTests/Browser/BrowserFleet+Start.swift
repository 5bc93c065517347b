import Core
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
        let (port, portalPort) = try (FreePort.find(), FreePort.find())
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

    private static func address(_ fleet: FleetFixture, _ page: String) async throws -> String {
        let text = try await fleet.succeed(page, "--print", "--json")
        return try #require(try JSONValue.parse(text)[page]?.string)
    }
}
