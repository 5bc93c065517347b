import Core
import TestSupport
import Testing

@testable import Web

extension BrowserTests {
    @Test func panesArePinnedSearchedAndSummedUp() async throws {
        let (driver, pinned) = (site.driver, ".pane.is-pinned")
        try await site.fresh()
        async let agents: Void = site.agents(BrowserFleet.narrow, "feature/phone", "ask/one")
        try await site.logIn(site.dashboard)
        try await agents
        try await site.openPane(BrowserFleet.narrow)
        try await site.waitFor("document.querySelector('.pane .term').textContent.includes('Built.')")
        try await driver.press("p")
        try await site.waitFor("document.querySelector('\(pinned) [data-do=pin]')?.ariaPressed === 'true'")
        // The next one stands beside it, and the one after that takes its place.
        for branch in ["feature/phone", "ask/one"] {
            try await site.openPane(branch)
            try await site.waitFor("document.querySelectorAll('.pane').length === 2")
            let other = "document.querySelector('.pane:not(.is-pinned) .pane-name')?.textContent"
            try await site.waitFor("\(other) === '\(branch)'")
            try await site.waitFor(
                "document.querySelector('.pane:not(.is-pinned) .term').textContent.includes('Built.')")
        }
        let names = try await driver.value(
            "[...document.querySelectorAll('.pane-name')].map((one) => one.textContent)")
        #expect(names == [.string(BrowserFleet.narrow), "ask/one"])
        #expect(
            try await driver.isTrue(
                "document.querySelector('\(pinned) .term').textContent.includes('Built.')"))

        // A reload leaves the panes and what is half typed.
        try await driver.type("half", into: "\(pinned) textarea")
        try await driver.call("POST", "/refresh")
        try await site.waitFor("document.querySelectorAll('.pane').length === 2")
        try await site.waitFor("document.querySelector('\(pinned) textarea').value === 'half'")
        #expect(try await driver.text("\(pinned) .pane-name") == BrowserFleet.narrow)
        try await site.waitFor("document.querySelector('\(pinned) .term').textContent.includes('Built.')")
        try await driver.value(
            "(() => { const box = document.querySelector('\(pinned) textarea'); box.value = ''; box.dispatchEvent(new Event('input')); })()"
        )

        try await driver.type("bUILT", into: "\(pinned) .pane-search")
        try await site.waitFor("document.querySelector('\(pinned) .found').textContent === '1 found'")
        try await site.waitFor("CSS.highlights.get('found').size === 1")
        try await driver.press(WebDriver.enter)
        try await site.waitFor("document.querySelector('\(pinned) [data-do=follow]').ariaPressed === 'false'")
        try await driver.click("\(pinned) [data-do=summary]")
        try await site.waitFor(
            "document.querySelector('\(pinned) .summary').innerText.includes('1 line says it')")
        #expect(try await driver.text("\(pinned) .summary")?.contains("$0.250") == true)

        // Its session ends: what was typed stays in the box, with the reason why it was not sent.
        try await site.fleet.tmux("kill-session", "-t", "=agent-feature-narrow-with-a-rather-long-name")
        try await site.waitFor("\(BrowserFleet.row(BrowserFleet.narrow)).dataset.state === 'gone'")
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
        async let agents: Void = site.agents("feature/phone", "ask/one")
        try await site.logIn(site.dashboard)
        try await agents
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
