internal import Core
internal import Hummingbird
internal import HummingbirdCore
public import Logging
internal import NIOCore
public import ServiceLifecycle
internal import SystemPackage

/// One HTTP server of a fleet: listens on one address until it is told to stop.
public struct WebServer: Service {
    /// What lies at `/`.
    public enum Page: String, Sendable, CaseIterable {
        case dashboard, portal
        /// Nothing: the server has the numbers alone.
        case metrics
    }

    /// Where a server is to listen.
    public struct Place: Sendable, Equatable {
        public var host: String
        /// 0 takes a free one.
        public var port: Int
        /// Whether a free port will do when this one is taken: nobody named it.
        public var mayMove: Bool

        public init(host: String, port: Int, mayMove: Bool) {
            self.host = host
            self.port = port
            self.mayMove = mayMove
        }
    }

    private let site: WebSite
    private let page: Page
    private let place: Place
    private let log: Logger
    private let started: @Sendable (WebAddress) async -> Void

    /// `started` is told where the server listens.
    public init(
        _ site: WebSite, page: Page, at place: Place, log: Logger,
        started: @escaping @Sendable (WebAddress) async -> Void
    ) {
        self.site = site
        self.page = page
        self.place = place
        self.log = log
        self.started = started
    }

    /// Throws ``WebError/addressTaken(host:port:)`` when another program listens there.
    public func run() async throws {
        do {
            try await listen(on: place.port)
        } catch WebError.addressTaken where place.mayMove {
            log.notice("port \(place.port) is taken: the \(page.rawValue) takes a free one")
            try await listen(on: 0)
        }
    }

    private func listen(on port: Int) async throws {
        let limits = site.limits
        let channel = HTTP1Channel.Configuration(
            additionalChannelHandlers: [ConnectionGuard(limits: limits)],
            idleTimeout: TimeAmount(limits.idle),
            httpDecoderConfiguration: .init(
                maxHeaderFieldSize: limits.headers / 2, maxHeaderListSize: limits.headers,
                maxHeaderFieldCount: limits.headerCount))
        var quiet = log
        // Its own words about each connection are for those who look for a fault.
        if quiet.logLevel == .info { quiet.logLevel = .notice }
        let application = Application(
            responder: site.routes(start: page).finished().buildResponder(),
            server: .http1(configuration: channel),
            configuration: ApplicationConfiguration(
                address: .hostname(place.host, port: port),
                availableConnectionsDelegate: site.connections.share()),
            onServerRunning: { [place, page, started] channel in
                guard let port = channel.localAddress?.port else { return }
                await started(WebAddress(page: page, host: place.host, port: port))
            }, logger: quiet)
        do {
            try await application.run()
        } catch let error as IOError where error.errnoCode == WebAddress.inUse {
            throw WebError.addressTaken(host: place.host, port: port)
        } catch let error as IOError {
            throw WebError.cannotListen(
                host: place.host, port: port, reason: "\(Errno(rawValue: error.errnoCode))")
        } catch is SocketAddressError.UnknownHost {
            throw WebError.cannotListen(host: place.host, port: port, reason: "there is no such host")
        }
    }
}

extension WebServer: CustomStringConvertible {
    public var description: String { "WebServer(\(page.rawValue))" }
}
