internal import Hummingbird
public import Logging
public import ServiceLifecycle

/// The dashboard's HTTP server: listens on one address until it is told to stop.
public struct WebServer: Service {
    private let address: BindAddress
    private let log: Logger

    /// `host` is a name or an address of this machine; `port` 0 takes a free one.
    public init(host: String, port: Int, log: Logger) {
        address = .hostname(host, port: port)
        self.log = log
    }

    public func run() async throws {
        let router = Router()
        router.get("/healthz") { _, _ in "ok\n" }
        let application = Application(
            router: router, configuration: .init(address: address), logger: log)
        try await application.run()
    }
}
