internal import Core
internal import Fleet
internal import Logging
internal import ServiceLifecycle
internal import Web

/// A server inside the daemon: what goes wrong with it is said and tried again, and ends nothing else.
struct KeptServer: Service {
    let site: WebSite
    let page: WebServer.Page
    let place: WebServer.Place
    /// True while another process shows the same.
    var isElsewhere: @Sendable () -> Bool = { false }
    let context: FleetContext
    let troubles: TroubleBoard
    let log: Logger

    private static let pause = Duration.seconds(30)

    func run() async throws {
        let server = WebServer(site, page: page, at: place, log: log) { address in
            troubles.tell([], from: page.rawValue)
            log.notice("\(page.rawValue): \(address.url)\(page == .metrics ? "/metrics" : "")")
            do {
                try address.write(run: context.run, processID: context.surroundings.processID)
            } catch {
                log.warning("the address of the \(page.rawValue) was not written down: \(error)")
            }
        }
        while !Task.isShuttingDownGracefully, !Task.isCancelled {
            guard !isElsewhere() else {
                await rest()
                continue
            }
            do {
                try await server.run()
            } catch {
                let reason = (error as? any UserFacingError)?.message ?? "\(error)"
                log.error("\(page.rawValue): \(reason)")
                troubles.tell(["\(page.rawValue): \(reason)"], from: page.rawValue)
                await rest()
            }
        }
        // A file that stays names a process that is gone, which readers see.
        try? WebAddress.forget(page, run: context.run)
    }

    private func rest() async {
        await cancelWhenGracefulShutdown {
            // Cut short when the daemon ends.
            try? await Task.sleep(for: Self.pause)
        }
    }
}

extension KeptServer: CustomStringConvertible {
    var description: String { "KeptServer(\(page.rawValue))" }
}

/// Watches the database for the pages of the daemon.
struct KeptFeed: Service {
    let site: WebSite
    let troubles: TroubleBoard
    let log: Logger

    func run() async throws {
        do {
            try await site.runFeed()
        } catch {
            log.error("pages do not follow the fleet: \(error)")
            troubles.tell(["pages do not follow the fleet: \(error)"], from: "feed")
            try await gracefulShutdown()
        }
    }
}

extension KeptFeed: CustomStringConvertible {
    var description: String { "KeptFeed" }
}
