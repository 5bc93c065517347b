/// The tests that want a browser, in their order, and the browsers that are free.
actor BrowserTurns {
    /// One test's time with a browser.
    struct Turn: Sendable {
        /// Gives the browser to the test, or says why there is none.
        let start = AsyncThrowingStream.makeStream(of: BrowserFleet.self)
        /// Gives it back: whether another test can go on with it.
        let end = AsyncStream.makeStream(of: Bool.self)
    }

    /// More of them would fight over the processors.
    static let mostBrowsers = 2

    @TaskLocal static var current: BrowserTurns?

    private var waiting: [Turn] = []
    private var free: [CheckedContinuation<Turn?, Never>] = []
    private var isClosed = false

    func add(_ turn: Turn) {
        // The one that became free last is started already.
        if let browser = free.popLast() { browser.resume(returning: turn) } else { waiting.append(turn) }
    }

    func close() {
        isClosed = true
        for browser in free { browser.resume(returning: nil) }
        free = []
    }

    /// Starts a browser when a test wants one, and passes it from test to test until there are no more.
    func serve() async {
        while let first = await next() {
            do {
                try await BrowserFleet.with { site in
                    var turn: Turn? = first
                    while let now = turn, await now.use(site) { turn = await self.next() }
                }
            } catch {
                first.start.continuation.finish(throwing: error)
            }
        }
    }

    private func next() async -> Turn? {
        if !waiting.isEmpty { return waiting.removeFirst() }
        if isClosed { return nil }
        return await withCheckedContinuation { free.append($0) }
    }
}

extension BrowserTurns.Turn {
    fileprivate func use(_ site: BrowserFleet) async -> Bool {
        start.continuation.yield(site)
        for await isGood in end.stream { return isGood }
        return false
    }

    /// Waits for a browser, and gives it back whatever happens.
    func callAsFunction(_ body: () async throws -> Void) async throws {
        var isGood = false
        defer {
            end.continuation.yield(isGood)
            end.continuation.finish()
        }
        for try await site in start.stream {
            try await BrowserFleet.$current.withValue(site) { try await body() }
            isGood = true
            return
        }
        throw CancellationError()
    }
}
