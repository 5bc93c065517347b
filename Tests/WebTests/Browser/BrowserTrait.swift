import Testing

/// Gives each test of a suite a browser and a fleet of its own for its time; the next test goes on with them.
///
/// Nothing is started before a test wants it: tests wait in one line for their turn, and those of a suite that comes
/// to it late, or that runs its tests one after another, are left alone at the end of the run.
struct BrowserTrait: SuiteTrait, TestTrait, TestScoping {
    var isRecursive: Bool { true }

    func scopeProvider(for test: Test, testCase: Test.Case?) -> Self? {
        test.isSuite || testCase != nil ? self : nil
    }

    func provideScope(
        for test: Test, testCase: Test.Case?,
        performing function: @concurrent @Sendable () async throws -> Void
    ) async throws {
        guard testCase == nil else {
            let turn = BrowserTurns.Turn()
            try await #require(BrowserTurns.current).add(turn)
            return try await turn { try await function() }
        }
        let turns = BrowserTurns()
        try await withThrowingTaskGroup(of: Void.self) { group in
            for _ in 0..<BrowserTurns.mostBrowsers { group.addTask { await turns.serve() } }
            do {
                try await BrowserTurns.$current.withValue(turns) { try await function() }
            } catch {
                await turns.close()
                throw error
            }
            await turns.close()
            try await group.waitForAll()
        }
    }
}

extension Trait where Self == BrowserTrait {
    static var browser: Self { Self() }
}
