import Core
import HTTPKit
import TestSupport

/// A browser's window, moved by the WebDriver protocol (W3C) that chromedriver speaks.
struct WebDriver: Sendable {
    /// The address of the window, as the driver gave it.
    let session: String
    private let client: HTTPClient

    /// The key under which elements travel.
    private static let elementKey = "element-6066-11e4-a52e-4f735466cecf"

    init(session: String, client: HTTPClient) {
        self.session = session
        self.client = client
    }

    @discardableResult
    func call(_ method: String, _ path: String, _ body: JSONValue = [:]) async throws -> JSONValue {
        try await Self.call(method, session + path, body, client)
    }

    static func call(
        _ method: String, _ url: String, _ body: JSONValue, _ client: HTTPClient
    ) async throws -> JSONValue {
        let response = try await client.send(
            HTTPRequest(
                method: method, url: url, headers: [(name: "Content-Type", value: "application/json")],
                body: method == "POST" ? Array(body.serialized().utf8) : nil, timeout: .seconds(40)))
        let value = try JSONValue.parse(response.text)["value"] ?? .null
        guard response.isSuccess else {
            let code = value["error"]?.string ?? ""
            throw WebDriverError(
                code: code, text: "\(method) \(url): \(code): \(value["message"]?.string?.prefix(400) ?? "")")
        }
        return value
    }

    func open(_ url: String) async throws { try await call("POST", "/url", ["url": .string(url)]) }

    /// The value of an expression in the page.
    @discardableResult
    func value(_ expression: String) async throws -> JSONValue {
        try await call(
            "POST", "/execute/sync", ["script": .string("return (\(expression));"), "args": []])
    }

    func text(_ selector: String) async throws -> String? {
        try await value("document.querySelector(\(Self.quoted(selector)))?.textContent").string
    }

    /// Whether an expression, or what it promises, is true.
    func isTrue(_ expression: String) async throws -> Bool {
        try await value("Promise.resolve(\(expression)).then(Boolean)").bool == true
    }

    func count(_ selector: String) async throws -> Int {
        Int(try await value("document.querySelectorAll(\(Self.quoted(selector))).length").integer ?? -1)
    }

    /// Clicks as a mouse does: throws when something lies above the element and stays there.
    func click(_ selector: String) async throws {
        try await atElement(selector) { try await call("POST", $0 + "/click") }
    }

    /// Types into an element.
    func type(_ text: String, into selector: String) async throws {
        try await atElement(selector) { try await call("POST", $0 + "/value", ["text": .string(text)]) }
    }

    /// Presses keys one after another, wherever the focus is.
    func press(_ keys: String...) async throws {
        let actions = keys.flatMap { key -> [JSONValue] in
            [
                ["type": "keyDown", "value": .string(key)], ["type": "keyUp", "value": .string(key)],
            ]
        }
        try await call(
            "POST", "/actions",
            ["actions": [["type": "key", "id": "keyboard", "actions": .array(actions)]]])
    }

    // MARK: - Tabs

    var tab: String {
        get async throws { try await call("GET", "/window").string ?? "" }
    }

    /// Opens a tab in front of the others and moves it from now on.
    func openTab() async throws -> String {
        let handle = try await call("POST", "/window/new", ["type": "tab"])["handle"]?.string ?? ""
        try await select(handle)
        return handle
    }

    /// Moves another tab from now on; which one is seen stays.
    func select(_ tab: String) async throws { try await call("POST", "/window", ["handle": .string(tab)]) }

    func closeTab() async throws { try await call("DELETE", "/window") }

    /// A command of the browser's own protocol.
    @discardableResult
    func browser(_ command: String, _ parameters: JSONValue = [:]) async throws -> JSONValue {
        try await call("POST", "/goog/cdp/execute", ["cmd": .string(command), "params": parameters])
    }

    /// Does something with an element, again when the page put another one in its place meanwhile.
    private func atElement(_ selector: String, _ action: (String) async throws -> Void) async throws {
        var failure: WebDriverError?
        let isDone = try await eventually(within: .seconds(20)) {
            do {
                let found = try await call(
                    "POST", "/element", ["using": "css selector", "value": .string(selector)])
                try await action("/element/\(found[Self.elementKey]?.string ?? "")")
                return true
            } catch let error as WebDriverError where Self.passingErrors.contains(error.code) {
                failure = error
                return false
            }
        }
        if !isDone, let failure { throw failure }
    }

    /// Errors that say that nothing was done, because of what the page looked like at that moment.
    private static let passingErrors: Set<String> = [
        "no such element", "stale element reference", "element click intercepted", "element not interactable",
    ]

    static func quoted(_ text: String) -> String { JSONValue.string(text).serialized() }

    /// As the protocol names keys that have no character.
    static let (enter, escape, tab) = ("\u{e007}", "\u{e00c}", "\u{e004}")
}

struct WebDriverError: Error, CustomStringConvertible {
    /// The protocol's word for it, such as `stale element reference`; empty for what is not of the driver.
    var code = ""
    var text: String
    var description: String { text }
}
