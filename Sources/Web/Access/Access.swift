internal import Core
internal import HTTPTypes
internal import Synchronization

/// Who may read and who may change what, decided before anything is looked up.
final class Access: Sendable {
    /// What a route asks of its caller.
    enum Need: Sendable {
        /// Nothing: assets, the login itself, health, links that carry their own proof.
        case nothing
        /// Free on loopback unless fleet.toml says `login = "always"`.
        case read
        /// A login, and for a browser also the proof that our own page asks.
        case change
    }

    /// How a caller has shown who they are.
    enum Proof: String, Sendable { case none, cookie, token }

    struct Settings: Sendable {
        var token: AccessToken
        var cookie: SessionCookie
        var hosts: HostNames
        var publicURL: String?
        /// Whether reading needs no login.
        var readsAreFree: Bool
    }

    let settings: Settings
    private let now: @Sendable () -> Timestamp
    private let throttle = Mutex(LoginThrottle())

    init(_ settings: Settings, now: @escaping @Sendable () -> Timestamp) {
        self.settings = settings
        self.now = now
    }

    /// Throws unless the request may do what its route needs; says how it proved that.
    func check(_ request: HTTPRequest, from address: String, need: Need) throws(WebError) -> Proof {
        // What needs no login is there for those with an old token, too.
        if need == .nothing { return .none }
        let proof = try proof(of: request, from: address)
        switch need {
        case .nothing: break
        case .read where proof == .none && !isFree(request): throw .loginNeeded(.reading)
        case .read: break
        case .change where proof == .none: throw .loginNeeded(.changes)
        case .change:
            // A program that shows the token is not a page of somebody else's in the user's browser.
            if proof == .cookie, !isOwnPage(request, sure: true) { throw .foreignPage }
        }
        return proof
    }

    /// Whether the token is the right one; slow for those who guess.
    func logIn(with candidate: String, _ request: HTTPRequest, from address: String) throws(WebError) {
        guard isOwnPage(request, sure: false) else { throw .foreignPage }
        try compare(candidate, from: address)
    }

    /// Whether the request says that a browser sends it for a page that is not ours; a link's form answers need no more.
    func refuseForeignPages(_ request: HTTPRequest) throws(WebError) {
        guard isOwnPage(request, sure: false) else { throw .foreignPage }
    }

    private func compare(_ candidate: String, from address: String) throws(WebError) {
        let now = now()
        if let pause = throttle.withLock({ $0.pause(for: address, at: now) }) { throw .tooManyTries(pause) }
        guard settings.token.matches(candidate) else {
            throttle.withLock { $0.failed(address, with: candidate.hashValue, at: now) }
            throw .wrongToken
        }
        throttle.withLock { $0.succeeded(address) }
    }

    private func proof(of request: HTTPRequest, from address: String) throws(WebError) -> Proof {
        if let token = Self.token(in: request) {
            try compare(token, from: address)
            return .token
        }
        // Old cookies are no guesses: whoever comes with one is simply not logged in.
        for header in request.headerFields[values: .cookie] {
            if let value = settings.cookie.find(in: header), settings.cookie.isGood(value, at: now()) {
                return .cookie
            }
        }
        return .none
    }

    private static func token(in request: HTTPRequest) -> String? {
        if let token = request.headerFields[.xAuthToken] { return token }
        guard let header = request.headerFields[.authorization] else { return nil }
        let parts = header.split(separator: " ", maxSplits: 1)
        guard parts.count == 2, parts[0].lowercased() == "bearer" else { return nil }
        return String(parts[1])
    }

    /// A proxy in front makes every caller look like a local one, so behind it nothing is free.
    private func isFree(_ request: HTTPRequest) -> Bool {
        settings.readsAreFree
            && HTTPField.Name.ofProxies.allSatisfy { request.headerFields[$0] == nil }
    }

    /// Whether a page of ours sends this; `sure`: silence counts as no.
    private func isOwnPage(_ request: HTTPRequest, sure: Bool) -> Bool {
        if let site = request.headerFields[.secFetchSite] {
            // "none": the user typed the address.
            return site == "same-origin" || (site == "none" && !sure)
        }
        guard let origin = request.headerFields[.origin] else { return !sure }
        guard let authority = HostNames.authority(of: origin) else { return false }
        if let own = request.authority, authority.lowercased() == own.lowercased() { return true }
        return settings.publicURL.flatMap(HostNames.authority)?.lowercased() == authority.lowercased()
    }
}

extension HTTPField.Name {
    static let host = named("Host")
    static let xAuthToken = named("X-Auth-Token")
    static let secFetchSite = named("Sec-Fetch-Site")
    static let signature = named("X-Signature-256")
    static let timestamp = named("X-Timestamp")
    static let lastEventID = named("Last-Event-ID")
    static let frameOptions = named("X-Frame-Options")
    static let referrerPolicy = named("Referrer-Policy")
    static let resourcePolicy = named("Cross-Origin-Resource-Policy")
    static let openerPolicy = named("Cross-Origin-Opener-Policy")
    static let permissionsPolicy = named("Permissions-Policy")
    static let buffering = named("X-Accel-Buffering")
    /// What a proxy adds to a request.
    static let ofProxies = [
        "X-Forwarded-For", "X-Forwarded-Host", "X-Forwarded-Proto", "X-Real-IP", "Forwarded", "Via",
    ].map(named)

    private static func named(_ text: String) -> HTTPField.Name {
        guard let name = HTTPField.Name(text) else { preconditionFailure("no header is called \(text)") }
        return name
    }
}
