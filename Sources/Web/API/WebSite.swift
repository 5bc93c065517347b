internal import Approvals
internal import Core
internal import Fleet
public import Logging
internal import ProcessKit

/// What the servers of a fleet show: one board, one login, one desk for answers and orders.
public struct WebSite: Sendable {
    let context: SiteContext
    let access: Access
    let feed: BoardFeed
    let panes: PaneViews
    let renderer: PageRenderer
    let approvals: WebApprovals
    let orders: OrderDesk
    let confirmations: ConfirmationDesk
    let metrics: MetricsReader
    let limits: WebLimits
    let connections: ConnectionBudget
    let log: Logger

    /// `host` is where the servers listen; `login` overrides that of fleet.toml.
    ///
    /// Throws ``WebError/tokenNeeded(host:)`` for a host that others reach when the token is only the user's own.
    public init(
        context: SiteContext, host: String, token: AccessToken, isOwnToken: Bool,
        limits: WebLimits = WebLimits(), log: Logger
    ) throws {
        let isLoopback = HostNames.loopback.contains(HostNames.name(in: host) ?? host)
        guard isLoopback || !isOwnToken else { throw WebError.tokenNeeded(host: host) }
        self.context = context
        self.limits = limits
        connections = ConnectionBudget(
            connections: limits.connections, openFiles: OwnProcess.openFileLimit)
        self.log = log
        let secret = try context.secret()
        let publicURL = try context.publicURL()
        let settings = context.dashboard
        access = Access(
            Access.Settings(
                token: token, cookie: SessionCookie(secret: secret, token: token),
                hosts: HostNames(bound: host, publicURL: publicURL), publicURL: publicURL,
                // What has a public address is reached through a proxy, which looks like this machine.
                readsAreFree: isLoopback && publicURL == nil && settings.login == .changes),
            now: context.surroundings.now)
        renderer = try PageRenderer()
        panes = PaneViews(context: context)
        let feed = try BoardFeed(context: context, renderer: renderer, limits: limits)
        self.feed = feed
        approvals = WebApprovals(context: context, keys: ApprovalKeys(secret: secret))
        orders = OrderDesk(context: context)
        confirmations = ConfirmationDesk(context: context)
        metrics = MetricsReader(context: context) { await feed.followerCount }
    }

    /// Watches the database for everybody who follows the events; runs beside the servers, and ends with them.
    public func runFeed() async throws { try await feed.run() }
}
