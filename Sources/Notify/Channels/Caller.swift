internal import Core
internal import HTTPKit

/// Calls one channel's server: a client, and so a thread, of its own, so that no other channel waits for it.
struct Caller: Sendable {
    private let client: HTTPClient
    private let redaction: Redaction
    private let timeout: Duration

    init(_ channel: String, redaction: Redaction, timeout: Duration = .seconds(15)) {
        client = HTTPClient(label: "notify.\(channel)")
        self.redaction = redaction
        self.timeout = timeout
    }

    /// The answer with a status of success, or what went wrong.
    func call(
        _ method: String, _ url: String, headers: [(String, String)] = [], body: [UInt8]? = nil,
        at now: Timestamp
    ) async -> Result<HTTPResponse, DeliveryFailure> {
        let request = HTTPRequest(
            method: method, url: url, headers: headers.map { (name: $0.0, value: $0.1) }, body: body,
            timeout: timeout)
        do {
            let response = try await client.send(request)
            guard !response.isSuccess else { return .success(response) }
            return .failure(refusal(response, at: now))
        } catch {
            let isUnusable = if case .invalidRequest = error { true } else { false }
            return .failure(
                DeliveryFailure(
                    redaction(error.message), isChannelDown: !isUnusable, isFinal: isUnusable))
        }
    }

    /// JSON out and in.
    func post(
        _ url: String, json: JSONValue, at now: Timestamp
    ) async -> Result<JSONValue, DeliveryFailure> {
        let body = Array(json.serialized(sorted: true).utf8)
        let answer = await call(
            "POST", url, headers: [("Content-Type", "application/json")], body: body, at: now)
        return answer.flatMap(object)
    }

    func object(in response: HTTPResponse) -> Result<JSONValue, DeliveryFailure> {
        guard let answer = try? JSONValue.parse(bytes: response.body), answer.object != nil else {
            return .failure(
                DeliveryFailure(
                    "the receiver answered with status \(response.status), but not in JSON\(excerpt(response))",
                    isChannelDown: true))
        }
        return .success(answer)
    }

    private func refusal(_ response: HTTPResponse, at now: Timestamp) -> DeliveryFailure {
        let isDown = [408, 425, 429].contains(response.status) || response.status >= 500
        // What is left of 4xx may pass by itself; the rest is the address, the key or the message.
        let isFinal = !isDown && ![409, 421, 423].contains(response.status)
        return DeliveryFailure(
            "the receiver answered with status \(response.status)\(excerpt(response))",
            pause: response.retryAfter(at: now), isChannelDown: isDown, isFinal: isFinal)
    }

    /// The beginning of what the receiver said; it may repeat what it was sent.
    private func excerpt(_ response: HTTPResponse) -> String {
        let text = redaction(response.text).visible
        guard !text.isEmpty else { return "" }
        return ": " + text.prefix(200) + (text.count > 200 ? "…" : "")
    }
}
