internal import Core
internal import HTTPKit

/// Posts notices to a group by its robot's address.
struct WeComRobot: Channel {
    let name = "wecom"
    private let url: String
    private let caller: Caller

    /// `webhook`: the robot's address, or the key in it alone; `base` takes the place of WeCom's own.
    init(webhook: String, base: WeComBase, caller: Caller) {
        url = webhook.contains("://") ? base.moved(webhook) : base.url("webhook/send", ["key": webhook])
        self.caller = caller
    }

    func send(_ notice: OutgoingNotice, at now: Timestamp) async -> DeliveryFailure? {
        let message: JSONValue = [
            "msgtype": "markdown", "markdown": ["content": .string(WeComText.markdown(notice))],
        ]
        switch await caller.post(url, json: message, at: now) {
        case .success(let answer): return WeComError.failure(in: answer)
        case .failure(let failure): return failure
        }
    }
}

/// Where WeCom's interface lies; a proxy or a test may stand in its place.
struct WeComBase: Sendable {
    static let host = "https://qyapi.weixin.qq.com"
    private let base: String

    /// `base` with or without `/cgi-bin` at its end; nil: WeCom's own.
    init(_ base: String?) {
        let given = (base ?? Self.host).withoutSlash
        self.base = given.hasSuffix("/cgi-bin") ? given : given + "/cgi-bin"
    }

    func url(_ path: String, _ query: KeyValuePairs<String, String>) -> String {
        let parameters = query.map { "\($0.key)=\(PercentEncoding.encode($0.value))" }
        return "\(base)/\(path)?\(parameters.joined(separator: "&"))"
    }

    /// An address of WeCom's own, moved to the base; others stay.
    func moved(_ url: String) -> String {
        let own = Self.host + "/cgi-bin/"
        return url.hasPrefix(own) ? "\(base)/\(url.dropFirst(own.count))" : url
    }
}
