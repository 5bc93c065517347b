import Core
import TestSupport
import Testing

@testable import Web

extension BrowserTests {
    /// The dashboard in one tab, the installed console in the other, and one end of the server for both.
    @Test func pagesSayThatTheirServerIsAwayAndTakeItUpAgain() async throws {
        let driver = site.driver
        try await site.fresh()
        try await site.logIn(site.dashboard)
        let dashboard = try await driver.tab
        let console = try await driver.openTab()
        try await site.logIn(site.portal)
        try await expectInstallable()
        // From the second time on the page is opened through the worker.
        try await driver.call("POST", "/refresh")
        try await site.waitFor("navigator.serviceWorker.controller")

        try await site.fleet.succeed("down")
        try await driver.call("POST", "/refresh")
        try await site.waitFor("document.body?.dataset.page === 'offline'")
        #expect(try await driver.text("h1")?.contains("cannot be reached") == true)
        try await driver.select(dashboard)
        try await driver.browser("Page.bringToFront")
        try await site.waitFor("document.getElementById('live').dataset.state === 'offline'")
        try await site.waitFor("document.getElementById('live').textContent.includes('offline since')")

        try await site.fleet.succeed("up")
        try await site.waitFor("document.getElementById('live').dataset.state === 'live'")
        try await driver.select(console)
        try await driver.browser("Page.bringToFront")
        try await site.waitFor("document.getElementById('live')?.dataset.state === 'live'")
        try await expectNothingKept()
        try await driver.closeTab()
        try await driver.select(dashboard)
    }

    private func expectInstallable() async throws {
        let manifest = try await site.driver.browser("Page.getAppManifest")
        #expect(manifest["errors"] == [] && manifest["url"]?.string?.hasPrefix(site.portalOrigin) == true)
        #expect(
            try await site.driver.browser("Page.getInstallabilityErrors")["installabilityErrors"] == [])
        #expect(
            try await site.driver.value("navigator.serviceWorker.ready.then((one) => one.scope)").string
                == site.portalOrigin + "/")
    }

    /// Nothing that a fleet says is in the browser's caches.
    private func expectNothingKept() async throws {
        let kept = try await site.driver.value(
            "caches.keys().then((names) => Promise.all(names.map((name) => caches.open(name)))).then((all) => "
                + "Promise.all(all.map((one) => one.keys()))).then((all) => all.flat().map((one) => new URL(one.url).pathname))"
        )
        let paths = (kept.array ?? []).compactMap(\.string)
        #expect(
            paths.contains("/assets/offline.html") && paths.allSatisfy { $0.hasPrefix("/assets/") },
            "\(paths)")
    }
}
