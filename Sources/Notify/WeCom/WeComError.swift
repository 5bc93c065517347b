internal import Core

/// What WeCom's error codes mean, in words (https://developer.work.weixin.qq.com/document/path/90313).
enum WeComError {
    /// Nil for an answer that says that all went well.
    static func failure(in answer: JSONValue) -> DeliveryFailure? {
        guard let code = answer["errcode"]?.integer else {
            return DeliveryFailure("WeCom answered without an 'errcode'", isChannelDown: true)
        }
        guard code != 0 else { return nil }
        // The end of WeCom's message is an id and an address for its support.
        let said = (answer["errmsg"]?.string ?? "").prefix { $0 != "," }.visible
        let words = [words(code), said.isEmpty ? nil : "(\(said))"].compactMap(\.self).joined(separator: " ")
        return DeliveryFailure(
            "WeCom error \(code): \(words)", pause: pause(code), isChannelDown: isTemporary(code),
            isFinal: !isTemporary(code) && self.words(code) != nil)
    }

    static func isAboutToken(_ answer: JSONValue) -> Bool {
        [40014, 42001].contains(answer["errcode"]?.integer ?? 0)
    }

    /// A robot takes 20 messages a minute; the limits of apps count by the minute, too.
    private static func pause(_ code: Int64) -> Duration? {
        [45009, 45033].contains(code) ? .seconds(60) : nil
    }

    private static func isTemporary(_ code: Int64) -> Bool {
        [-1, 40014, 42001, 45009, 45033].contains(code)
    }

    static func words(_ code: Int64) -> String? {
        switch code {
        case -1: "WeCom is busy; it is tried again"
        case 40001: "WECOM_APP_SECRET is not the secret of this app"
        case 40003, 40031: "WECOM_TOUSER names nobody of this company"
        case 40008: "this kind of message is not allowed here"
        case 40013: "WECOM_CORP_ID is not the id of a company"
        case 40014: "the access token is not valid"
        case 40056: "WECOM_AGENT_ID is not the id of an app"
        case 40058: "a parameter is missing or has another form"
        case 41001: "the access token is missing"
        case 41004: "WECOM_APP_SECRET is missing"
        case 42001: "the access token has expired"
        case 44004: "the message is empty"
        case 45002: "the message is too long"
        case 45009: "too many messages for now; it is tried again after a minute"
        case 45033: "too many calls at once; it is tried again after a minute"
        case 48002: "the app may not call this interface"
        case 60011: "the app may not see the people of WECOM_TOUSER, WECOM_TOPARTY or WECOM_TOTAG"
        case 60020: "this machine's address is not among the trusted addresses of the app"
        case 81013: "WECOM_TOUSER, WECOM_TOPARTY and WECOM_TOTAG name nobody that the app may write to"
        case 93000: "the key in WECOM_WEBHOOK is not that of a robot: copy the robot's address again"
        case 93004: "the robot was switched off"
        case 93008: "the robot is not in the group any more"
        case 301002: "WECOM_AGENT_ID and WECOM_APP_SECRET are those of different apps"
        default: nil
        }
    }
}
