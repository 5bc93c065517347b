import Core
import Fleet
import Foundation
import Store
import TestSupport
import Testing

@testable import Web

/// The pages in a real browser, with a real daemon and real panes behind them.
@Suite(
    .browser, .enabled(if: Browser.isWanted, "chromium and chromedriver are not installed"),
    .timeLimit(.minutes(5)))
struct BrowserTests {
    let site: BrowserFleet

    init() throws { site = try BrowserFleet.required() }

    /// Nothing ran that was not ours, nothing was blocked, and nothing was asked from another machine.
    func expectHarmless() async throws {
        #expect(try await site.driver.value("window.harm") == [])
        let asked = try await site.driver.value(
            "performance.getEntriesByType('resource').map((one) => one.name)")
        let names = (asked.array ?? []).compactMap(\.string)
        #expect(
            !names.isEmpty
                && names.allSatisfy { $0.hasPrefix(site.origin) || $0.hasPrefix(site.portalOrigin) },
            "\(names)")
    }

    @Test func agentIsSeenFromWorkingToWaitingAndAnswered() async throws {
        let (driver, branch) = (site.driver, "feature/checkout")
        let row = BrowserFleet.row(branch)
        try await site.fresh()
        try await site.fleet.succeed("spawn", branch, "--task", "Make the checkout faster")
        try await site.logIn(site.dashboard)
        #expect(try await driver.isTrue("!location.hash.includes('token')"))
        try await site.waitFor("\(row)?.dataset.state === 'working'")
        #expect(try await driver.isTrue("\(row).textContent.includes('Make the checkout faster')"))

        try await site.openPane(branch)
        try await site.waitFor(
            "document.querySelector('.pane .term')?.textContent.includes('Reading the code.')")
        #expect(try await driver.text(".pane .send-name") == branch)
        try await driver.type("go", into: ".pane textarea")
        #expect(try await driver.isTrue("\(row).dataset.state === 'working'"))
        try await driver.press(WebDriver.enter)
        try await site.waitFor("\(row).dataset.state === 'waiting'")
        try await site.waitFor("\(row).querySelector('.state').textContent.includes('waits for an answer')")
        try await site.waitFor(
            "document.querySelector('#counts [data-state=waiting] b')?.textContent === '1'")
        try await site.waitFor("document.getElementById('said').textContent.includes('\(branch)')")

        // What is typed and where the focus is stays as the page changes.
        try await driver.type("y", into: ".pane textarea")
        try await site.fleet.succeed("spawn", "feature/other")
        try await site.waitFor("\(BrowserFleet.row("feature/other"))")
        #expect(try await driver.isTrue("document.activeElement.value === 'y'"))
        try await driver.press(WebDriver.enter)
        try await site.waitFor("document.querySelector('.pane .screen').textContent.includes('Overwritten.')")
        try await site.waitFor("document.querySelector('.pane textarea').value === ''")
        try await site.fleet.succeed("rm", "feature/other", "--force")
        try await site.waitFor("!\(BrowserFleet.row("feature/other"))")
        try await expectHarmless()
    }

    @Test func questionIsApprovedWithAReason() async throws {
        let driver = site.driver
        try await site.fresh()
        async let agent: Void = site.agents("ask/reason")
        try await site.logIn(site.dashboard)
        try await agent
        try await site.ask("ask/reason")
        try await site.waitFor(
            "document.querySelector('.approval h3')?.textContent === 'Deploy this branch to staging?'")
        let id = try #require(
            try await driver.value("document.querySelector('.approval').dataset.approval").string)
        #expect(try await driver.text(".approval .approval-where")?.contains("ask/reason") == true)
        try await site.waitFor("document.getElementById('badge-fleet').textContent === '1'")
        try await driver.type("small and clear", into: ".approval input")
        // Enter in the box is no answer.
        try await driver.press(WebDriver.enter)
        #expect(try await driver.isTrue("document.activeElement.value === 'approve'"))
        #expect(try await driver.text("#counts")?.contains("1 asks") == true)
        // A button that is clicked means what it says, whatever Enter would have meant.
        try await driver.value("document.querySelector('.approval').focus()")
        try await driver.press("r")
        try await site.waitFor("document.querySelector('form.is-rejecting')")
        try await driver.value(
            "document.activeElement.dispatchEvent(new KeyboardEvent('keydown', { key: 'Enter', isComposing: true, bubbles: true }))"
        )
        try await driver.click(".approval .approve")
        try await site.waitFor("!document.querySelector('.approval')")
        let context = try await site.fleet.context()
        let answer = try #require(try await context.store.approval(ApprovalID(id))?.answer)
        #expect(answer.decision == .approve && answer.reason == "small and clear" && answer.through == "web")
        // Told, not demanded: how soon depends on what else the machine does.
        let asked = try #require(try await context.store.approval(ApprovalID(id))?.createdAt)
        let seen = try await driver.value("window.asked").integer ?? 0
        let paint =
            try await driver.value("Math.round(performance.getEntriesByType('paint')[0]?.startTime)")
            .integer ?? -1
        print("question shown \(seen - asked.milliseconds) ms after it was asked; first paint \(paint) ms")
        try await driver.value("location.hash = 'timeline'")
        try await site.waitFor(
            "[...document.querySelectorAll('.run')].find((one) => one.textContent.includes('ask/reason'))"
                + "?.querySelector('.pill').textContent.includes('completed')")
        try await site.waitFor("document.querySelectorAll('.run .bar').length >= 3")
        try await driver.value("location.hash = 'policy'")
        #expect(
            try await driver.isTrue("document.querySelector('.policy').innerText.includes('Small steps')"))
        try await expectHarmless()
    }

    @Test func everythingWorksByKeys() async throws {
        let driver = site.driver
        try await site.fresh()
        try await site.agents("ask/keys")
        try await site.ask("ask/keys")
        try await site.logIn(site.dashboard)
        try await site.waitFor("document.querySelector('.approval')")
        try await driver.press("?")
        #expect(try await driver.isTrue("document.getElementById('help').open"))
        try await driver.press(WebDriver.escape)
        try await driver.press("n", "r")
        try await driver.press("n", "o", "t", " ", "y", "e", "t", WebDriver.enter)
        try await site.waitFor("!document.querySelector('.approval')")
        let context = try await site.fleet.context()
        let newest = try #require(try await context.store.approvals(limit: 1).first)
        #expect(newest.answer?.decision == .reject && newest.answer?.reason == "not yet")

        try await driver.press("2")
        try await site.waitFor("!document.getElementById('view-timeline').hidden")
        try await driver.press("/")
        #expect(try await driver.isTrue("location.hash === '#fleet'"))
        try await driver.press("x", "y", "z")
        #expect(try await driver.isTrue("document.getElementById('no-match').checkVisibility()"))
        try await driver.value("document.getElementById('agent-search').value = ''")
        try await driver.press("k", "e", "y", "s", WebDriver.escape)
        try await driver.press("j", WebDriver.enter)
        try await site.waitFor("document.querySelector('.pane .pane-name')?.textContent === 'ask/keys'")
        try await site.waitFor("document.querySelector('.pane .term').textContent.includes('Built.')")
        try await driver.press("i")
        try await driver.press("h", "i", WebDriver.enter)
        try await site.waitFor("document.querySelector('.pane .term').textContent.includes('Noted: hi')")
        try await driver.press(WebDriver.escape)
        try await driver.press("3")
        try await site.waitFor("!document.getElementById('view-journal').hidden")
        try await site.waitFor("document.querySelectorAll('.entry').length > 3")
        try await expectHarmless()
    }

    @Test func chineseIsForThoseWhoReadIt() async throws {
        let driver = site.driver
        try await site.fresh()
        try await site.language("zh-CN,zh;q=0.9")
        try await site.logIn(site.dashboard)
        #expect(try await driver.isTrue("document.documentElement.lang === 'zh-CN'"))
        #expect(try await driver.text("nav.views a[data-view=journal]") == "日志")
        try await site.waitFor("document.querySelector('.live-text').textContent === '实时'")
        try await driver.click("[data-language=en]")
        try await site.waitFor("document.documentElement.lang === 'en'")
        try await driver.call("POST", "/refresh")
        #expect(try await driver.isTrue("document.documentElement.lang === 'en'"))
        try await expectHarmless()
    }

    @Test func hostileTextIsOnlyText() async throws {
        let (driver, row) = (site.driver, BrowserFleet.row(HostileText.branch))
        try await site.fresh()
        async let agent = site.fleet.succeed(
            "spawn", HostileText.branch, "--agent", "evil", "--task", HostileText.task)
        try await site.logIn(site.dashboard)
        _ = try await agent
        try await site.waitFor(row)
        #expect(
            try await driver.isTrue(
                "\(row).querySelector('.agent-link').textContent === \(WebDriver.quoted(HostileText.branch))")
        )
        try await site.openPane(HostileText.branch)
        try await site.waitFor("document.querySelector('.pane .term')?.textContent.includes('the last line')")
        let shown = try #require(try await driver.text(".pane .term"))
        #expect(!shown.unicodeScalars.contains { $0.isDeceptive && $0 != "\n" })
        #expect(
            try await driver.count(
                "#main img, #main iframe, #main script, .term *:not(div):not(span):not(bdi)") == 0)
        // However much comes while somebody looks, a page keeps the last lines.
        let lines = try await driver.count(".past > div")
        #expect((1...4000).contains(lines), "\(lines)")
        try await driver.open(site.portal)
        try await site.waitFor("document.body?.dataset.change === 'true'")
        try await expectHarmless()
    }
}
