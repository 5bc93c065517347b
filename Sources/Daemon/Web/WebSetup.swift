internal import Core
internal import Fleet
internal import Logging
internal import Web

/// Which login and which places the servers of a fleet have: by fleet.toml, unless a command line says otherwise.
struct WebSetup {
    let context: SiteContext
    var host: String?
    var port: Int?
    var token: String?

    init(_ fleet: FleetContext) { self.init(SiteContext(fleet)) }

    init(_ context: SiteContext, host: String? = nil, port: Int? = nil, token: String? = nil) {
        self.context = context
        self.host = host
        self.port = port
        self.token = token
    }

    private var actualHost: String { host ?? context.dashboard.host }

    /// The token of the command line, else of `token_file`, else the user's own, which is made when there is none.
    func accessToken() throws -> (token: AccessToken, isOwn: Bool) {
        if let token { return (try AccessToken.named(token), false) }
        if let file = context.dashboard.tokenFile { return (try AccessToken.file(file), false) }
        return (try AccessToken.standard(context.surroundings, context.places), true)
    }

    func site(log: Logger) throws -> WebSite {
        let (token, isOwn) = try accessToken()
        return try WebSite(context: context, host: actualHost, token: token, isOwnToken: isOwn, log: log)
    }

    /// A port that nobody chose gives way to a program that has it already.
    func place(of page: WebServer.Page) -> WebServer.Place {
        switch page {
        case .dashboard: place(context.dashboard.port, DashboardSettings.standardPort)
        case .portal: place(context.portal.port, PortalSettings.standardPort)
        case .metrics: WebServer.Place(host: actualHost, port: port ?? 0, mayMove: false)
        }
    }

    private func place(_ configured: Int, _ standard: Int) -> WebServer.Place {
        WebServer.Place(
            host: actualHost, port: port ?? configured, mayMove: port == nil && configured == standard)
    }
}
