import Core
import SystemPackage
import TestSupport
import Testing

/// The one browser and the one fleet of the browser tests.
struct BrowserFleet: Sendable {
    let driver: WebDriver
    let fleet: FleetFixture
    /// With the token behind the `#`.
    let dashboard: String
    let portal: String

    @TaskLocal static var current: BrowserFleet?

    static func required() throws -> BrowserFleet { try #require(current) }

    /// The address without the token.
    var origin: String { Self.origin(of: dashboard) }
    var portalOrigin: String { Self.origin(of: portal) }

    private static func origin(of url: String) -> String {
        url.split(separator: "/#", maxSplits: 1).first.map(String.init) ?? url
    }

    /// A window as after the first start of the browser: no cookies, nothing kept, a large screen, English.
    func fresh() async throws {
        try await driver.open("about:blank")
        try await driver.browser("Network.enable")
        try await driver.browser("Network.clearBrowserCookies")
        for origin in [origin, portalOrigin] {
            try await driver.browser(
                "Storage.clearDataForOrigin", ["origin": .string(origin), "storageTypes": "all"])
        }
        try await language("en")
        try await screen(1440, 960)
        try await driver.browser(
            "Emulation.setEmulatedMedia", ["features": [["name": "prefers-color-scheme", "value": "dark"]]])
    }

    func language(_ code: String) async throws {
        try await driver.browser(
            "Network.setExtraHTTPHeaders", ["headers": ["Accept-Language": .string(code)]])
    }

    func screen(_ width: Int, _ height: Int, phone: Bool = false) async throws {
        try await driver.browser(
            "Emulation.setDeviceMetricsOverride",
            [
                "width": .integer(Int64(width)), "height": .integer(Int64(height)),
                "deviceScaleFactor": .integer(phone ? 2 : 1), "mobile": .bool(phone),
            ])
        try await driver.browser("Emulation.setTouchEmulationEnabled", ["enabled": .bool(phone)])
    }

    /// Opens the page with its token and waits until it is logged in and live.
    func logIn(_ address: String) async throws {
        try await driver.open(address)
        try await wait("the page is logged in and live") {
            try await driver.isTrue(
                "document.body?.dataset.change === 'true' && document.getElementById('live')?.dataset.state === 'live'"
            )
        }
    }

    /// Waits for what the page shows in its own time.
    func wait(
        _ what: String, within limit: Duration = .seconds(20), _ condition: () async throws -> Bool
    ) async throws {
        guard try await eventually(within: limit, condition) else {
            let page = try await driver.value("document.body.innerText").string ?? ""
            throw WebDriverError(text: "never seen: \(what)\n\(page.prefix(3000))")
        }
    }

    /// Lets the pipeline of a branch ask its question.
    func ask(_ branch: String) async throws {
        try await fleet.succeed("emit", "STATUS", "--stage", "build", "--ok", "--branch", branch)
    }

    /// Shows the pane of a branch's agent on the dashboard.
    func openPane(_ branch: String) async throws {
        try await waitFor(Self.row(branch))
        try await driver.value("\(Self.row(branch)).querySelector('.agent-link').click()")
    }

    func waitFor(_ expression: String) async throws {
        try await wait(expression) { try await driver.isTrue(expression) }
    }

    /// An expression for the row of a branch's agent.
    static func row(_ branch: String) -> String {
        "document.querySelector('.agent[data-branch=' + JSON.stringify(\(WebDriver.quoted(branch))) + ']')"
    }
}

/// Starts the browser and a fleet with a daemon once for a whole suite, and ends them afterwards.
struct BrowserFleetTrait: SuiteTrait, TestScoping {
    static let scripts = [
        "agent":
            "say Reading the code.\nexpect go\nrun printf 'Overwrite the file? [y/n] '\nexpect y\nsay Overwritten.",
        "asker": "say Built.",
        "evil": "run cat \"$HOME/evil.txt\"",
        "painter":
            "expect page\nrun printf '\\033[2J\\033[H'\nrun cat \"$HOME/session.txt\"\nmarker {\"type\":\"STATUS\",\"stage\":\"lint\",\"ok\":true,\"summary\":\"lint is clean\"}",
    ]

    static let policy = """
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

    /// Started before the first test, all at once: their start is waiting.
    static let agents: [(branch: String, arguments: [String])] = [
        ("feature/phone", ["--agent", "asker"]), (narrow, ["--agent", "asker"]),
        ("ask/one", ["--agent", "asker"]), ("ask/keys", ["--agent", "asker"]),
        ("ask/phone", ["--agent", "asker"]),
        (HostileText.branch, ["--agent", "evil", "--task", HostileText.task]),
    ]

    static let narrow = "feature/narrow-with-a-rather-long-name"

    static func spawnAgents(_ fleet: FleetFixture) async throws {
        try await withThrowingTaskGroup(of: Void.self) { group in
            for agent in agents {
                group.addTask {
                    let outcome = try await fleet.run(["spawn", agent.branch] + agent.arguments)
                    guard outcome.status == 0 else { throw WebDriverError(text: "spawn: \(outcome)") }
                }
            }
            try await group.waitForAll()
        }
    }

    func provideScope(
        for test: Test, testCase: Test.Case?,
        performing function: @concurrent @Sendable () async throws -> Void
    ) async throws {
        // Named, so that the page finds the server again after a restart.
        let (port, portalPort) = try (freePort(), freePort())
        try await withFleetFixture(
            scripts: Self.scripts, policy: Self.policy,
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
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask { try await Self.spawnAgents(fleet) }
                try await Browser.with(fleet.folder) { driver in
                    let value = BrowserFleet(
                        driver: driver, fleet: fleet, dashboard: dashboard, portal: portal)
                    try await driver.browser(
                        "Page.addScriptToEvaluateOnNewDocument", ["source": .string(HostileText.watch)])
                    try await group.waitForAll()
                    try await BrowserFleet.$current.withValue(value) { try await function() }
                }
            }
            try await fleet.succeed("down")
        }
    }

    private func freePort() throws -> UInt16 { try LoopbackServer { _ in .hang }.port }

    private func address(_ fleet: FleetFixture, _ page: String) async throws -> String {
        let text = try await fleet.succeed(page, "--print", "--json")
        return try #require(try JSONValue.parse(text)[page]?.string)
    }
}

extension Trait where Self == BrowserFleetTrait {
    static var browserFleet: Self { Self() }
}
