internal import Core
internal import Fleet
internal import ProcessKit
internal import Store
internal import Web

extension DaemonControl {
    /// Where the daemon's own servers listen.
    public struct Addresses: Sendable {
        public var dashboard: ShownAddress?
        public var portal: ShownAddress?
    }

    /// Of the daemon with this pid; nil each where it does not listen.
    public func addresses(of pid: Int32) -> Addresses {
        // Without a token that can be used there is no server either, as the daemon's troubles say.
        guard let token = try? WebSetup(context).accessToken().token.text else { return Addresses() }
        func find(_ page: WebServer.Page) -> ShownAddress? {
            WebAddress.find(page, run: context.run, processID: pid).map { ShownAddress($0, token: token) }
        }
        return Addresses(dashboard: find(.dashboard), portal: find(.portal))
    }

    /// Where the running daemon shows a page.
    ///
    /// Throws ``DaemonError/notRunning(root:)`` without a daemon, ``DaemonError/pageNotServed(page:)`` when it does not
    /// show this one.
    public func address(of page: WebRun.Page) throws -> ShownAddress {
        guard let pid = try DaemonLock.holder(role: .watch, run: context.run) else {
            throw DaemonError.notRunning(root: context.root)
        }
        let addresses = self.addresses(of: pid)
        guard let address = page == .portal ? addresses.portal : addresses.dashboard else {
            throw DaemonError.pageNotServed(page: page.rawValue)
        }
        return address
    }

    /// As `addresses(of:)`, once the daemon's servers listen or it has said why they do not.
    public func waitForAddresses(of pid: Int32) async throws -> Addresses {
        let events = FileEvents()
        try events.watch(context.run)
        let deadline = ContinuousClock.now.advanced(by: .seconds(5))
        events.wake()
        for await _ in events.wakes {
            let addresses = self.addresses(of: pid)
            let troubles = try DaemonLock.troubles(of: pid, role: .watch, run: context.run)
            let isWhole =
                addresses.dashboard != nil
                && (addresses.portal != nil || !context.configuration.portal.isEnabled)
            guard !isWhole, troubles?.isEmpty != false, ContinuousClock.now < deadline else {
                return addresses
            }
            events.setAlarm(after: .milliseconds(100))
        }
        return addresses(of: pid)
    }
}
