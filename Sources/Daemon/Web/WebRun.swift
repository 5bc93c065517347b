internal import Config
public import Core
internal import Fleet
public import Logging
internal import ServiceLifecycle
public import SystemPackage
internal import UnixSignals
internal import Web

/// The composition root of `dashboard` and `portal`: a server of its own, until TERM or INT.
public struct WebRun: Sendable {
    public enum Page: String, Sendable { case dashboard, portal }

    /// What the command line names; the rest is fleet.toml's.
    public struct Options: Sendable {
        public var page: Page
        public var host: String?
        public var port: Int?
        public var token: String?
        /// Shows the panes that `run` watches by this hosts.yaml, and no fleet.
        public var hosts: FilePath?
        /// Over fleet.toml's.
        public var database: FilePath?
        public var approvals: FilePath?
        public var tmuxProgram: String?
        public var tmuxSocket: String?

        public init(page: Page, host: String? = nil, port: Int? = nil, token: String? = nil) {
            self.page = page
            self.host = host
            self.port = port
            self.token = token
        }

        func adjust(_ configuration: inout FleetConfiguration, relativeTo folder: FilePath) {
            if let database { configuration.stateDatabase = folder.pushing(database) }
            if let approvals { configuration.watch.approvals = folder.pushing(approvals) }
            if let tmuxProgram { configuration.tmux.program = tmuxProgram }
            if let tmuxSocket { configuration.tmux.socket = tmuxSocket }
        }
    }

    let surroundings: Surroundings
    let options: Options
    let log: Logger

    public init(surroundings: Surroundings, options: Options, log: Logger) {
        self.surroundings = surroundings
        self.options = options
        self.log = log
    }

    /// `tell` is given the address that logs in, and whether other machines reach it.
    public func run(tell: @escaping @Sendable (_ address: ShownAddress) -> Void) async throws {
        let context = try await context()
        let setup = WebSetup(context, host: options.host, port: options.port, token: options.token)
        let site = try setup.site(log: log)
        let token = try setup.accessToken().token.text
        let page: WebServer.Page = options.page == .portal ? .portal : .dashboard
        let place = setup.place(of: page)
        let server = WebServer(site, page: page, at: place, log: log) { address in
            tell(ShownAddress(address, token: token))
        }
        let services: [any Service] = [SiteFeed(site: site), server]
        var configuration = ServiceGroupConfiguration(
            services: services.map {
                .init(service: $0, successTerminationBehavior: .gracefullyShutdownGroup)
            }, gracefulShutdownSignals: [.sigterm, .sigint], logger: log)
        configuration.maximumGracefulShutdownDuration = .seconds(10)
        try await ServiceGroup(configuration: configuration).run()
    }
}

extension WebRun {
    private func context() async throws -> SiteContext {
        let (options, folder) = (options, surroundings.workingDirectory)
        guard let hosts = options.hosts else {
            let fleet = try await FleetContext.open(surroundings) { configuration in
                options.adjust(&configuration, relativeTo: folder)
            }
            for warning in fleet.warnings { log.warning("\(warning.rendered)") }
            return SiteContext(fleet)
        }
        var records = try PaneRecords(hosts, surroundings)
        if let database = options.database { records.settings.stateDatabase = folder.pushing(database) }
        for warning in records.warnings { log.warning("\(warning.rendered)") }
        return try await SiteContext(records, surroundings)
    }
}

/// Where a server is, for people.
public struct ShownAddress: Sendable, Equatable {
    public var url: String
    /// With the token in its fragment: whoever opens it is logged in.
    public var login: String

    init(_ address: WebAddress, token: String) {
        url = address.url
        login = address.url(token: token)
    }
}

private struct SiteFeed: Service {
    let site: WebSite
    func run() async throws { try await site.runFeed() }
}
