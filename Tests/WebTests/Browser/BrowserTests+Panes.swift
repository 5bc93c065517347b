import Core
import TestSupport
import Testing

@testable import Web

extension BrowserTests {
    @Test func panesArePinnedSearchedAndSummedUp() async throws {
        let (driver, pinned) = (site.driver, ".pane.is-pinned")
        try await site.fresh()
        try await site.logIn(site.dashboard)
        try await site.openPane(BrowserFleetTrait.narrow)
        try await site.waitFor("document.querySelector('.pane .term').textContent.includes('Built.')")
        try await driver.press("p")
        #expect(
            try await driver.isTrue(
                "document.querySelector('\(pinned) [data-do=pin]').ariaPressed === 'true'"))
        // The next one stands beside it, and the one after that takes its place.
        for branch in ["feature/phone", "ask/one"] {
            try await site.openPane(branch)
            try await site.waitFor("document.querySelectorAll('.pane').length === 2")
            try await site.waitFor(
                "document.querySelector('.pane:not(.is-pinned) .term').textContent.includes('Built.')")
        }
        let names = try await driver.value(
            "[...document.querySelectorAll('.pane-name')].map((one) => one.textContent)")
        #expect(names == [.string(BrowserFleetTrait.narrow), "ask/one"])
        #expect(
            try await driver.isTrue(
                "document.querySelector('\(pinned) .term').textContent.includes('Built.')"))

        try await driver.type("bUILT", into: "\(pinned) .pane-search")
        #expect(try await driver.text("\(pinned) .found") == "1 found")
        #expect(try await driver.isTrue("CSS.highlights.get('found').size === 1"))
        try await driver.press(WebDriver.enter)
        #expect(
            try await driver.isTrue(
                "document.querySelector('\(pinned) [data-do=follow]').ariaPressed === 'false'"))
        try await driver.click("\(pinned) [data-do=summary]")
        try await site.waitFor(
            "document.querySelector('\(pinned) .summary').innerText.includes('1 line says it')")
        #expect(try await driver.text("\(pinned) .summary")?.contains("$0.250") == true)

        // Its session ends: what was typed stays in the box, with the reason why it was not sent.
        try await site.fleet.tmux("kill-session", "-t", "=agent-feature-narrow-with-a-rather-long-name")
        try await site.waitFor("\(BrowserFleet.row(BrowserFleetTrait.narrow)).dataset.state === 'gone'")
        try await driver.type("Are you there?", into: "\(pinned) textarea")
        try await driver.press(WebDriver.enter)
        try await site.waitFor("document.querySelector('\(pinned) .receipt.bad')")
        #expect(try await driver.text("\(pinned) .receipt")?.contains("has no living pane") == true)
        #expect(
            try await driver.isTrue("document.querySelector('\(pinned) textarea').value === 'Are you there?'")
        )
        try await driver.click("\(pinned) [data-do=close]")
        try await site.waitFor("document.querySelectorAll('.pane').length === 1")
        try await expectHarmless()
    }

    /// Browsers allow six lines to one server.
    @Test func anyNumberOfTabsSharesOneLine() async throws {
        let driver = site.driver
        try await site.fresh()
        try await site.logIn(site.dashboard)
        let first = try await driver.tab
        var others: [String] = []
        for _ in 0..<6 {
            others.append(try await driver.openTab())
            try await driver.open(site.origin)
            try await site.waitFor("document.getElementById('live')?.dataset.state === 'live'")
        }
        try await expectOneFollower()
        try await site.openPane("ask/one")
        try await site.waitFor("document.querySelector('.pane .term').textContent.includes('Built.')")
        try await driver.type("seen by all", into: ".pane textarea")
        try await driver.press(WebDriver.enter)
        try await site.waitFor(
            "document.querySelector('.pane .term').textContent.includes('Noted: seen by all')")
        try await expectOneFollower()
        // A tab that nobody looks at hears it from the one that has the line.
        try await driver.select(first)
        try await site.waitFor("document.getElementById('journal').textContent.includes('seen by all')")
        // And the line goes on in another tab when its own is closed.
        for tab in others.reversed() {
            try await driver.select(tab)
            try await driver.closeTab()
        }
        try await driver.select(first)
        try await site.fleet.succeed(
            "emit", "STATUS", "--summary", "heard by the last", "--branch", "feature/phone")
        try await site.waitFor("document.getElementById('journal').textContent.includes('heard by the last')")
        try await expectOneFollower()
        try await expectHarmless()
    }

    private func expectOneFollower() async throws {
        try await site.waitFor(
            "fetch('/metrics').then((one) => one.text()).then((text) => /^tmux_agent_event_clients 1$/m.test(text))"
        )
    }
}
