import Core
import Fleet
import Foundation
import ProcessKit
import Store
import SystemPackage
import TestSupport
import Testing

extension BrowserTests {
    private static let wantsPictures = ProcessInfo.processInfo.environment["TMUX_AGENT_PICTURES"] == "1"

    /// Writes the pictures of the documentation: `TMUX_AGENT_PICTURES=1`.
    @Test(.enabled(if: wantsPictures, "TMUX_AGENT_PICTURES=1 writes docs/images"))
    func picturesOfTheDocumentation() async throws {
        let driver = site.driver
        try await site.fresh()
        try site.fleet.write(
            Self.session, to: site.fleet.folder.appending("user/session.txt").string)
        try await removeAll()
        for (branch, task) in [
            ("shop/one-read", "Read the cart once for each page"),
            ("shop/filters", "Filters in the search page"),
        ] {
            try await site.fleet.succeed(
                "spawn", branch, "--agent", "painter", "--task", task)
        }
        try await site.fleet.succeed(
            "spawn", "ask/staging", "--agent", "asker", "--task", "Bring the new checkout to staging")
        try await site.ask("ask/staging")
        try await site.fleet.succeed("spawn", "fix/overwrite", "--task", "Keep the user's file")
        try await site.fleet.succeed("send", "fix/overwrite", "go")
        try await site.logIn(site.dashboard)
        try await site.waitFor("document.querySelector('.approval')")
        try await site.waitFor("document.querySelectorAll('.agent .st-running').length === 2")
        try await site.waitFor("document.querySelector('#counts [data-state=waiting] b').textContent === '1'")
        try await driver.value("\(BrowserFleet.row("shop/one-read")).querySelector('.agent-link').click()")
        try await site.waitFor(
            "document.querySelector('.pane .screen').textContent.includes('keeps the order')")
        try await picture("dashboard")
        try await driver.value("location.hash = 'timeline'")
        try await site.waitFor("document.querySelector('.run')")
        try await picture("timeline")
        try await site.screen(390, 780, phone: true)
        try await site.logIn(site.portal)
        try await site.waitFor("document.querySelector('.pick')")
        try await driver.value("document.querySelector('.pick[data-branch=\"shop/one-read\"]').click()")
        try await site.waitFor(
            "document.querySelector('#portal-term .screen').textContent.includes('keeps the order')")
        try await picture("phone")
        try await removeAll()
        try await site.waitFor("!document.querySelector('.approval')")
    }

    private func removeAll() async throws {
        for agent in try await site.fleet.context().store.agents() {
            try await site.fleet.succeed("rm", agent.place.branch, "--force")
        }
    }

    /// What an agent at work may print.
    private static let session = """
        \u{1b}[32m●\u{1b}[0m The cart is read three times for each request. I will read it once.

        \u{1b}[32m●\u{1b}[0m \u{1b}[1mUpdate\u{1b}[0m(src/cart.ts)
          \u{1b}[90m14\u{1b}[0m \u{1b}[41m- const cart = await readCart(id)                   \u{1b}[0m
          \u{1b}[90m14\u{1b}[0m \u{1b}[42m+ const cart = request.cart ??= await readCart(id)  \u{1b}[0m

        \u{1b}[32m●\u{1b}[0m \u{1b}[1mBash\u{1b}[0m(npm test -- cart)
          \u{1b}[32m✓\u{1b}[0m reads once \u{1b}[90m(4 ms)\u{1b}[0m
          \u{1b}[31m✗\u{1b}[0m keeps the order \u{1b}[90m(2 ms)\u{1b}[0m

        \u{1b}[35m✻ Looking at the order of the items …\u{1b}[0m

        """

    private func picture(_ name: String) async throws {
        let answer = try await site.driver.browser(
            "Page.captureScreenshot", ["format": "png", "optimizeForSpeed": false])
        let data = try #require(Data(base64Encoded: answer["data"]?.string ?? ""))
        #expect(data.count < 200_000, "\(name) has \(data.count) bytes")
        let folder = FilePath(#filePath).removingLastComponent().removingLastComponent()
            .removingLastComponent()
            .removingLastComponent().appending("docs/images")
        try Files.makeFolder(folder)
        try data.write(to: URL(filePath: folder.appending("\(name).png").string))
    }
}
