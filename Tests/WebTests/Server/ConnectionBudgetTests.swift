import Testing

@testable import Web

struct ConnectionBudgetTests {
    @Test func serversShareOneNumberBelowTheProcessesLimitAndEachKeepsAFew() {
        let budget = ConnectionBudget(connections: 1000, openFiles: 60)
        var (dashboard, portal) = (budget.share(), budget.share())
        func fill(_ share: inout ConnectionBudget.Share) -> Int {
            var count = 0
            while share.isAcceptingNewConnections() {
                share.connectionOpened()
                count += 1
            }
            return count
        }
        #expect(fill(&dashboard) == 20)
        #expect(fill(&portal) == ConnectionBudget.reserve)
        for _ in 0..<ConnectionBudget.reserve { dashboard.connectionClosed() }
        #expect(!dashboard.isAcceptingNewConnections(), "the portal's few count, too")
        dashboard.connectionClosed()
        #expect(dashboard.isAcceptingNewConnections())
    }

    @Test func manyFilesMakeNoMoreConnectionsThanTheServerIsToHave() {
        var share = ConnectionBudget(connections: 2, openFiles: .max).share()
        for _ in 0..<ConnectionBudget.reserve { share.connectionOpened() }
        #expect(!share.isAcceptingNewConnections())
    }
}
