internal import Core
internal import ProcessKit
internal import SystemPackage

/// How soon a browser draws a page: Debian's chromium without a screen, moved by chromedriver (W3C WebDriver).
struct FirstPaint {
    let workshop: Workshop
    private let port = Int.random(in: 15_000..<32_000)

    init(in workshop: Workshop) { self.workshop = workshop }

    /// From the start of the navigation to the first text or picture, as the browser itself tells it, `count` times for
    /// each page; nil where chromium is not installed.
    func measure(_ ours: String, baseline: String, count: Int) async throws -> Pairs? {
        let programs = ["/usr/bin/chromium", "/usr/bin/chromedriver"]
        guard programs.allSatisfy({ Files.exists(FilePath($0)) }) else { return nil }
        let command = Command(
            programs[1], ["--port=\(port)"], environment: workshop.surroundings.environment,
            workingDirectory: workshop.folder)
        return try await CommandRunner().withChild(command) { _ in
            try await workshop.wait(for: "chromedriver") {
                try await workshop.run("curl", ["-sf", "\(driver)/status"], mayFail: true).isSuccess
            }
            let session = try await call("POST", driver + "/session", Self.capabilities(workshop.folder))
            let window = "\(driver)/session/\(session["sessionId"]?.string ?? "")"
            // The first page of a new browser waits for its processes to start.
            for page in [ours, baseline] { _ = try await paint(of: page, window) }
            let pairs = try await Pairs.measure(count) { _ in
                try await paint(of: ours, window)
            } baseline: { _ in
                try await paint(of: baseline, window)
            }
            _ = try await call("DELETE", window)
            return pairs
        }
    }

    private var driver: String { "http://127.0.0.1:\(port)" }

    private func paint(of page: String, _ window: String) async throws -> Duration {
        _ = try await call("POST", window + "/url", ["url": "about:blank"])
        _ = try await call("POST", window + "/url", ["url": .string(page)])
        let script = "return performance.getEntriesByName('first-contentful-paint')[0]?.startTime ?? null"
        var time: Duration?
        try await workshop.wait(for: "the first paint of \(page)") {
            switch try await call(
                "POST", window + "/execute/sync", ["script": .string(script), "args": []])
            {
            case .number(let milliseconds): time = .microseconds(Int64(milliseconds * 1000))
            case .integer(let milliseconds): time = .milliseconds(milliseconds)
            default: break
            }
            return time != nil
        }
        return time ?? .zero
    }

    private func call(_ method: String, _ url: String, _ body: JSONValue = [:]) async throws -> JSONValue {
        let data = method == "POST" ? ["-d", body.serialized(), "-H", "Content-Type: application/json"] : []
        let answer = try await workshop.run("curl", ["-sf", "-X", method, url] + data)
        return try JSONValue.parse(answer.text)["value"] ?? .null
    }

    private static func capabilities(_ folder: FilePath) -> JSONValue {
        let arguments: [JSONValue] = [
            "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run",
            "--disable-background-networking", "--disable-component-update", "--window-size=1440,960",
            .string("--user-data-dir=\(folder.appending("browser"))"),
        ]
        return [
            "capabilities": [
                "alwaysMatch": [
                    "browserName": "chrome",
                    "goog:chromeOptions": ["binary": "/usr/bin/chromium", "args": .array(arguments)],
                ]
            ]
        ]
    }
}
