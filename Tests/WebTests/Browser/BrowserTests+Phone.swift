import Core
import Fleet
import Store
import TestSupport
import Testing

@testable import Web

extension BrowserTests {
    @Test func phoneConsoleFitsAndSendsOverABrokenLink() async throws {
        let (driver, branch, other) = (site.driver, "feature/phone", "ask/one")
        try await site.fresh()
        try await site.screen(360, 740, phone: true)
        async let spawned: Void = site.agents(branch, other)
        try await site.logIn(site.portal)
        try await spawned
        let pick = "document.querySelector('.pick[data-branch=\"\(branch)\"]')"
        try await site.waitFor(pick)
        try await driver.value("\(pick).click()")
        try await site.waitFor("document.querySelector('#portal-term').textContent.includes('Built.')")
        #expect(try await driver.isTrue("document.documentElement.scrollWidth <= 360"))
        #expect(try await driver.value(Self.tooSmall) == [])
        #expect(try await driver.value(Self.outside) == [])
        // Each session has its own draft, and its name stands beside the box.
        try await driver.type("half", into: "#portal-text")
        let otherPick = "document.querySelector('.pick[data-branch=\"\(other)\"]')"
        try await site.waitFor(otherPick)
        try await driver.value("\(otherPick).click()")
        #expect(try await driver.text(".send-name") == other)
        #expect(try await driver.isTrue("document.querySelector('#portal-text').value === ''"))
        try await driver.value("\(pick).click()")
        #expect(try await driver.text(".send-name") == branch)
        #expect(try await driver.isTrue("document.querySelector('#portal-text').value === 'half'"))
        try await driver.value(
            "(() => { const box = document.querySelector('#portal-text'); box.value = ''; box.dispatchEvent(new Event('input')); })()"
        )

        try await driver.type("first", into: "#portal-text")
        try await driver.press(WebDriver.enter)
        try await site.waitFor("document.querySelector('#portal-term').textContent.includes('Noted: first')")
        try await network(isOffline: true)
        try await driver.type("second", into: "#portal-text")
        try await driver.press(WebDriver.enter)
        try await site.waitFor("document.querySelector('.receipt').textContent.startsWith('kept')")
        #expect(try await driver.value(Self.outside) == [])
        // The page is closed and opened again: what was typed is kept, and so is the session.
        try await network(isOffline: false)
        try await driver.call("POST", "/refresh")
        try await site.waitFor(
            "document.querySelector('#portal-term')?.textContent.includes('Noted: second')")
        #expect(try await driver.isTrue("\(pick).getAttribute('aria-pressed') === 'true'"))
        try await site.waitFor("localStorage.waiting === '[]'")
        let context = try await site.fleet.context()
        let agent = try await context.store.agent(named: branch)
        let orders = try await context.store.journal(of: agent.subject, limit: 200)
            .filter { $0.kind == .agentOrdered }.compactMap { $0.payload["text"]?.string }
        #expect(orders == ["first", "second"])
        try await driver.click("[data-history]")
        #expect(try await driver.isTrue("document.querySelector('#portal-text').value === 'second'"))
        try await driver.click("[data-history]")
        #expect(try await driver.isTrue("document.querySelector('#portal-text').value === 'first'"))
        // A login that has lapsed takes nothing away either.
        try await driver.browser("Network.clearBrowserCookies")
        try await driver.type(" again", into: "#portal-text")
        try await driver.press(WebDriver.enter)
        try await site.waitFor("document.querySelector('.receipt a')")
        try await site.logIn(site.portal)
        try await site.waitFor(
            "document.querySelector('#portal-term')?.textContent.includes('Noted: first again')")
        #expect(try await driver.value("window.harm") == [])
    }

    @Test func dashboardFitsAPhone() async throws {
        let driver = site.driver
        try await site.fresh()
        try await site.screen(360, 740, phone: true)
        async let agent: Void = site.agents(BrowserFleet.narrow)
        try await site.logIn(site.dashboard)
        try await agent
        try await site.waitFor(BrowserFleet.row(BrowserFleet.narrow))
        for view in ["fleet", "timeline", "journal", "tasks", "policy", "notices"] {
            try await driver.value("location.hash = '\(view)'")
            try await site.waitFor("!document.getElementById('view-\(view)').hidden")
            #expect(try await driver.isTrue("document.documentElement.scrollWidth <= 360"), "\(view)")
            #expect(try await driver.isTrue("scrollY === 0"), "\(view) is seen from its top")
            #expect(try await driver.value(Self.tooSmall) == [], "\(view)")
        }
    }

    @Test func questionIsAnsweredOnAPhone() async throws {
        let driver = site.driver
        try await site.fresh()
        try await site.screen(360, 740, phone: true)
        try await site.agents("ask/phone")
        try await site.ask("ask/phone")
        try await site.logIn(site.portal)
        try await site.waitFor("document.querySelector('.approval')")
        #expect(try await driver.value(Self.tooSmall) == [])
        try await driver.click(".approval .approve")
        try await site.waitFor("!document.querySelector('.approval')")
        let context = try await site.fleet.context()
        #expect(try await context.store.approvals(limit: 1).first?.answer?.through == "portal")
    }

    /// What can be touched and is smaller than a finger.
    private static let tooSmall = """
        [...document.querySelectorAll('button, input, select, textarea, nav a')].filter((one) => one.checkVisibility() \
        && !one.closest('[inert]') && one.getBoundingClientRect().height < 43.5).map((one) => one.outerHTML.slice(0, 120))
        """

    /// What of the box to type in is not on the screen.
    private static let outside = """
        [...document.querySelectorAll('.dock .key, .dock .receipt, .dock .primary')].filter((one) => { \
        const place = one.getBoundingClientRect(); return place.left < 0 || place.right > 360 || place.bottom > innerHeight; \
        }).map((one) => one.outerHTML.slice(0, 120))
        """

    private func network(isOffline: Bool) async throws {
        try await site.driver.browser(
            "Network.emulateNetworkConditions",
            ["offline": .bool(isOffline), "latency": 0, "downloadThroughput": -1, "uploadThroughput": -1])
    }
}
