import Config
import Core
import Fleet
import Glibc
import ProcessKit
import Store
import SystemPackage
import TestSupport
import Testing

@testable import Web

/// Orders for panes of `run`, which is played here: it holds the lock, and takes its orders from the outbox.
@Suite(.timeLimit(.minutes(1)))
struct PaneOrderTests {
    private let now = Timestamp(milliseconds: 1_800_000_000_000)

    private func withPanes(
        watched: Bool = true, _ body: (PaneOrders, FleetStore) async throws -> Void
    ) async throws {
        try await withTemporaryFolder { folder in
            let now = now
            let surroundings = Surroundings(
                environment: ["TMUX_AGENT_HOME": folder.appending("home").string, "HOME": folder.string],
                workingDirectory: folder, executable: "/usr/bin/tmux-agent", processID: getpid(), user: "ada",
                now: { now }, ids: IDMaker { UInt64.random(in: .min ... .max) })
            let file = try FileDescriptor.open(
                folder.appending("hosts.yaml"), .writeOnly, options: [.create],
                permissions: [.ownerReadWrite])
            try file.writeAll(Array("hosts:\n  - name: build\n".utf8))
            try file.close()
            let records = try PaneRecords("hosts.yaml", surroundings)
            let store = try Store.open(path: records.settings.stateDatabase, role: .command, now: now)
                .fleet(records.id)
            try await store.register(records.registration, at: now)
            let panes = try [(1, "work"), (2, "pair"), (3, "pair")].map { number, session in
                WatchedPane(
                    pane: HostPane(
                        host: "build", pane: try #require(PaneID("%\(number)")), serverPID: 7, serverStart: 9),
                    session: session, window: "sh")
            }
            let lock =
                watched ? try DaemonLock.take(role: .watch, run: records.run, processID: getpid()) : nil
            defer { withExtendedLifetime(lock) {} }
            try Files.makeFolder(records.run, mode: 0o700)
            try panes.write(run: records.run)
            try await body(PaneOrders(context: try await SiteContext(records, surroundings)), store)
        }
    }

    private func order(_ target: String, agent: String? = nil, key: String? = nil) -> RemoteOrder {
        RemoteOrder(
            content: .text("make", enter: true), target: target, agent: agent, key: key, sender: "ana",
            through: "web")
    }

    /// Takes one order as `run` does, and ends it.
    private func play(_ store: FleetStore, _ state: OutboxItem.State, detail: String?) async throws
        -> OutboxItem?
    {
        var items: [OutboxItem] = []
        // The order comes from another task.
        _ = try await eventually(within: .seconds(20)) {
            items = try await store.claimOutbox(now: now)
            return !items.isEmpty
        }
        for item in items {
            try await store.finish(ActionResult(item: item.id, state: state, detail: detail), at: now)
        }
        return items.first
    }

    @Test(arguments: ["build~%1", "build.pct1-7-9", "work", "build~work"])
    func orderIsTypedOnceAndItsEndIsTold(target: String) async throws {
        try await withPanes { orders, store in
            async let played = play(store, .done, detail: "accepted")
            let result = try await orders.take(order(target, agent: "build.pct1-7-9", key: "one"))
            let item = try await played
            #expect(item?.action == .sendKeys(text: "make", enter: true))
            #expect(result.receipt == SendReceipt(stage: .accepted) && !result.isRepeated)
            #expect(result.id == "build.pct1-7-9" && result.name == "work:sh")
            let again = try await orders.take(order(target, key: "one"))
            #expect(again.isRepeated && again.receipt == SendReceipt(stage: .accepted))
            let open = try await store.openOutbox()
            #expect(open.isEmpty)
            let written = try await store.journal(after: 0, limit: 100).filter { $0.kind == .agentOrdered }
            #expect(written.map { $0.payload["by"]?.string } == ["ana"])
        }
    }

    @Test func reasonWhyItWasNotTypedIsTold() async throws {
        try await withPanes { orders, store in
            async let played = play(store, .failed, detail: "somebody types there")
            await #expect(throws: WebError.notTyped(pane: "work:sh", reason: "somebody types there")) {
                try await orders.take(order("work"))
            }
            _ = try await played
        }
    }

    @Test func whatNobodyBeginsIsWithdrawn() async throws {
        try await withPanes { orders, store in
            var orders = orders
            orders.patience = .milliseconds(1)
            await #expect(
                throws: WebError.notTyped(pane: "work:sh", reason: "'run' did not begin with it in time")
            ) {
                try await orders.take(order("work", key: "one"))
            }
            let left = try await store.openOutbox()
            #expect(left.isEmpty)
        }
    }

    @Test func orderForAnotherPaneOrForNobodyIsRefused() async throws {
        try await withPanes { orders, store in
            await #expect(
                throws: WebError.otherAgent(pane: "work", expected: "build.pct2-7-9", found: "build.pct1-7-9")
            ) {
                try await orders.take(order("work", agent: "build.pct2-7-9"))
            }
            await #expect(throws: WebError.noSuchPane("build~%9")) {
                try await orders.take(order("build~%9"))
            }
            await #expect(throws: WebError.foreignSession("x")) { try await orders.take(order("x")) }
            let error = await #expect(throws: WebError.self) { try await orders.take(order("pair")) }
            #expect(error?.message.contains("has 2 panes") == true)
            let open = try await store.openOutbox()
            #expect(open.isEmpty)
        }
        try await withPanes(watched: false) { orders, store in
            let error = await #expect(throws: WebError.self) { try await orders.take(order("work")) }
            #expect(error?.code == "not_watched" && error?.hint?.contains("tmux-agent run") == true)
            let open = try await store.openOutbox()
            #expect(open.isEmpty)
        }
    }
}
