import Core
import Foundation
import Glibc
import HTTPKit
import ProcessKit
import SystemPackage
import TestSupport
import Testing

/// Debian's chromium without a screen, in a folder of its own, with the driver that moves it.
enum Browser {
    static let isInstalled = ["/usr/bin/chromium", "/usr/bin/chromedriver"].allSatisfy {
        FileManager.default.isExecutableFile(atPath: $0)
    }

    /// In CI a missing browser is a failure, elsewhere it is said and left out.
    static let isWanted =
        isInstalled
        || ["CI", "TMUX_AGENT_BROWSER_TESTS"].contains {
            ProcessInfo.processInfo.environment[$0].map { !$0.isEmpty && $0 != "0" } ?? false
        }

    /// Runs `body` with a window; the browser is ended whatever happens.
    static func with<Result: Sendable>(
        _ folder: FilePath, _ body: (WebDriver) async throws -> Result
    ) async throws -> Result {
        guard isInstalled else {
            throw WebDriverError(text: "there is no browser: apt-get install chromium chromium-driver")
        }
        let port = try FreePort.find()
        let process = Process()
        process.executableURL = URL(filePath: "/usr/bin/chromedriver")
        process.arguments = ["--port=\(port)"]
        process.environment = [
            "PATH": "/usr/bin:/bin", "HOME": folder.appending("user").string, "TMPDIR": folder.string,
            "LC_ALL": "C.UTF-8",
        ]
        process.standardOutput = FileHandle.nullDevice
        process.standardError = FileHandle.nullDevice
        process.standardInput = FileHandle.nullDevice
        try process.run()
        let client = HTTPClient(label: "webdriver")
        do {
            let base = "http://127.0.0.1:\(port)"
            let isReady = try await eventually(within: .seconds(20)) {
                // refused until it listens
                (try? await WebDriver.call("GET", base + "/status", [:], client)) != nil
            }
            guard isReady else { throw WebDriverError(text: "chromedriver did not start") }
            let made = try await WebDriver.call("POST", base + "/session", capabilities(folder), client)
            let driver = WebDriver(
                session: "\(base)/session/\(made["sessionId"]?.string ?? "")", client: client)
            let result: Result
            do {
                result = try await body(driver)
            } catch {
                // the first error is the one to tell
                _ = try? await driver.call("DELETE", "")
                throw error
            }
            do {
                try await driver.call("DELETE", "")
            } catch {
                Issue.record(error)
            }
            end(process)
            return result
        } catch {
            end(process)
            throw error
        }
    }

    /// By KILL: it begins with the signal mask of a thread of ours, which holds TERM back.
    private static func end(_ process: Process) {
        kill(process.processIdentifier, SIGKILL)
        process.waitUntilExit()
    }

    private static func capabilities(_ folder: FilePath) -> JSONValue {
        var arguments = [
            "--headless=new", "--user-data-dir=\(folder.appending("profile"))", "--window-size=1440,960",
            "--force-device-scale-factor=1", "--hide-scrollbars", "--disable-gpu", "--disable-dev-shm-usage",
            "--no-first-run", "--disable-extensions", "--disable-background-networking", "--disable-sync",
            "--disable-component-update", "--disable-default-apps", "--metrics-recording-only",
            "--mute-audio",
            // Whatever tried to reach another machine would fail, and be seen.
            "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
        ]
        if getuid() == 0 { arguments.append("--no-sandbox") }
        return [
            "capabilities": [
                "alwaysMatch": [
                    "browserName": "chrome", "unhandledPromptBehavior": "ignore",
                    "goog:chromeOptions": [
                        "binary": "/usr/bin/chromium", "args": .array(arguments.map { .string($0) }),
                    ],
                ]
            ]
        ]
    }
}
