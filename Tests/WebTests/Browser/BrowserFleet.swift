import Core
import SystemPackage
import TestSupport
import Testing

/// A browser and a fleet with a daemon, for one test at a time.
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
        // What a tab keeps for itself is no part of what an origin keeps.
        try await driver.open("\(origin)/healthz")
        try await driver.value("sessionStorage.clear()")
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

    /// Starts agents, all at once; those that live already stay as they are.
    func agents(_ branches: String...) async throws {
        try await withThrowingTaskGroup(of: Void.self) { group in
            for branch in branches {
                group.addTask {
                    try await fleet.succeed("spawn", branch, "--agent", "asker")
                }
            }
            try await group.waitForAll()
        }
    }

    /// Shows the pane of a branch's agent on the dashboard.
    func openPane(_ branch: String) async throws {
        try await waitFor(Self.row(branch))
        try await driver.value("\(Self.row(branch)).querySelector('.agent-link').click()")
    }

    func waitFor(_ expression: String) async throws {
        try await wait(expression) { try await driver.isTrue(expression) }
    }

    static let narrow = "feature/narrow-with-a-rather-long-name"

    /// An expression for the row of a branch's agent.
    static func row(_ branch: String) -> String {
        "document.querySelector('.agent[data-branch=' + JSON.stringify(\(WebDriver.quoted(branch))) + ']')"
    }
}
