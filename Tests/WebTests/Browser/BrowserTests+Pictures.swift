import Core
import Foundation
import ProcessKit
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
        for branch in ["feature/checkout-speed", "feature/search-filters"] {
            try await site.fleet.succeed(
                "spawn", branch, "--task", "Make it faster, with tests", "--template", "implementation")
        }
        try await site.fleet.succeed(
            "spawn", "ask/staging", "--agent", "asker", "--task", "Bring the new checkout to staging")
        try await site.logIn(site.dashboard)
        try await site.waitFor("document.querySelector('.approval')")
        try await driver.value("document.querySelectorAll('.agent-link')[0].click()")
        try await site.waitFor("document.querySelector('.pane .screen').textContent.length > 10")
        try await picture("dashboard")
        try await driver.value("location.hash = 'timeline'")
        try await site.waitFor("document.querySelector('.run')")
        try await picture("timeline")
        try await site.screen(390, 780, phone: true)
        try await site.logIn(site.portal)
        try await site.waitFor("document.querySelector('.pick')")
        try await driver.value("document.querySelector('.pick').click()")
        try await site.waitFor("document.querySelector('#portal-term .screen').textContent.length > 10")
        try await picture("phone")
    }

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
