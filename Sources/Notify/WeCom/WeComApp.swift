internal import Core
internal import Crypto
internal import HTTPKit
internal import SystemPackage

/// Sends notices by an app of a company, to its people.
///
/// The access token is good for two hours and limited in number: it is kept on the disk for all processes of the user, and
/// fetched anew some minutes before its end, or when WeCom says that it is not good any more.
actor WeComApp: Channel {
    struct Settings: Sendable {
        var corporation: String
        var agent: String
        var secret: String
        /// Who gets it: ids parted by `|`; `@all` for everybody that the app may write to.
        var users: String?
        var parties: String?
        var tags: String?
    }

    nonisolated let name = "wecom_app"
    private let settings: Settings
    private let base: WeComBase
    private let caller: Caller
    private let cache: TokenCache

    init(_ settings: Settings, base: WeComBase, caller: Caller, tokens folder: FilePath) {
        self.settings = settings
        self.base = base
        self.caller = caller
        let identity = "\(settings.corporation)\n\(settings.agent)\n\(settings.secret)"
        let name = Hexadecimal.text(SHA256.hash(data: Array(identity.utf8)).prefix(8))
        cache = TokenCache(file: folder.appending("wecom-\(name).json"))
    }

    func send(_ notice: OutgoingNotice, at now: Timestamp) async -> DeliveryFailure? {
        var isFresh = false
        while true {
            let token: TokenCache.Token
            if !isFresh, let kept = cache.token(at: now) {
                token = kept
            } else {
                isFresh = true
                switch await fetch(at: now) {
                case .success(let fetched): token = fetched
                case .failure(let failure): return failure
                }
            }
            let url = base.url("message/send", ["access_token": token.text])
            switch await caller.post(url, json: message(notice), at: now) {
            case .failure(let failure): return failure
            case .success(let answer):
                if WeComError.isAboutToken(answer), !isFresh {
                    isFresh = true
                    cache.forget()
                    continue
                }
                return WeComError.failure(in: answer)
            }
        }
    }

    private func fetch(at now: Timestamp) async -> Result<TokenCache.Token, DeliveryFailure> {
        let url = base.url(
            "gettoken", ["corpid": settings.corporation, "corpsecret": settings.secret])
        switch await caller.call("GET", url, at: now).flatMap(caller.object) {
        case .failure(let failure): return .failure(failure)
        case .success(let answer):
            if let failure = WeComError.failure(in: answer) { return .failure(failure) }
            guard let text = answer["access_token"]?.string, !text.isEmpty else {
                return .failure(DeliveryFailure("WeCom gave no access token", isChannelDown: true))
            }
            let seconds = min(max(answer["expires_in"]?.integer ?? 7200, 0), 86_400)
            let token = TokenCache.Token(text: text, expiresAt: now.advanced(by: .seconds(seconds)))
            cache.keep(token)
            return .success(token)
        }
    }

    /// A question is a card whose button opens its page; everything else is Markdown.
    private func message(_ notice: OutgoingNotice) -> JSONValue {
        var object = JSONObject()
        object["touser"] = settings.users.map { .string($0) }
        object["toparty"] = settings.parties.map { .string($0) }
        object["totag"] = settings.tags.map { .string($0) }
        if settings.users == nil, settings.parties == nil, settings.tags == nil { object["touser"] = "@all" }
        object["agentid"] = Int64(settings.agent).map { .integer($0) } ?? .string(settings.agent)
        if let links = notice.links, links.approve.utf8.count <= 2048 {
            object["msgtype"] = "textcard"
            object["textcard"] = [
                "title": .string(WeComText.cut(notice.title, bytes: 128)),
                "description": .string(WeComText.cut(notice.body, bytes: 512)),
                "url": .string(links.approve), "btntxt": "Answer",
            ]
        } else {
            object["msgtype"] = "markdown"
            object["markdown"] = ["content": .string(WeComText.markdown(notice))]
        }
        return .object(object)
    }
}
