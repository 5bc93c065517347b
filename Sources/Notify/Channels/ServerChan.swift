internal import Core
internal import HTTPKit

/// Posts notices to ServerChan (方糖): a form with `title` and `desp`, answered with JSON whose `code` is 0 when it went
/// well (https://sct.ftqq.com).
struct ServerChan: Channel {
    let name = "serverchan"
    private let url: String
    private let caller: Caller

    static let standardBase = "https://sctapi.ftqq.com"

    init(key: String, base: String?, caller: Caller) {
        url = (base ?? Self.standardBase).withoutSlash + "/" + PercentEncoding.encode(key) + ".send"
        self.caller = caller
    }

    func send(_ notice: OutgoingNotice, at now: Timestamp) async -> DeliveryFailure? {
        let form = "title=\(PercentEncoding.encode(notice.title))&desp=\(PercentEncoding.encode(notice.text))"
        let answer = await caller.call(
            "POST", url, headers: [("Content-Type", "application/x-www-form-urlencoded")],
            body: Array(form.utf8), at: now)
        switch answer.flatMap(caller.object) {
        case .failure(var failure):
            // So many messages as a day allows: that is told by a 400, too, and passes.
            failure.isFinal = false
            return failure
        case .success(let object):
            guard let code = object["code"]?.integer, code != 0 else { return nil }
            let said = object["message"]?.string ?? object["info"]?.string ?? "no reason"
            return DeliveryFailure("ServerChan error \(code): \(said.visible)", isChannelDown: false)
        }
    }
}

extension String {
    var withoutSlash: String {
        var text = self
        while text.hasSuffix("/") { text.removeLast() }
        return text
    }
}
