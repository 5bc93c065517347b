import Core
import Store
import Testing

struct AgentNameTests {
    private func member(
        _ id: String, _ state: AgentState = .idle, socket: String = "/s", life: Int32 = 1, at: Int64
    ) throws -> Agent {
        var member = agent(id, branch: "feature/\(id)", session: "agent-\(id)")
        member.pane = RecordedPane(
            server: TmuxServerID(socket: socket, pid: life, startTime: 1), pane: try #require(PaneID("%0")))
        member.condition = AgentCondition(state, since: noon)
        member.startedAt = later(at)
        return member
    }

    @Test func aPaneIsThatOfWhoLivesOnThePresentServer() throws {
        let old = try member("a", .gone, at: 1)
        let new = try member("b", life: 2, at: 2)
        #expect([old, new].meant(by: "%0").map(\.id.rawValue) == ["b"])
        #expect([new, old].meant(by: "%0").map(\.id.rawValue) == ["b"])
        // Nobody has written down yet that the first is gone.
        let unseen = try member("a", at: 1)
        #expect([unseen, new].meant(by: "%0").map(\.id.rawValue) == ["b"])
        // Where all are gone it is the one that was there last.
        let gone = try member("b", .gone, life: 2, at: 2)
        #expect([old, gone].meant(by: "%0").map(\.id.rawValue) == ["b"])
        let elsewhere = try member("c", socket: "/t", at: 3)
        #expect([old, new, elsewhere].meant(by: "%0").map(\.id.rawValue) == ["c", "b"])
    }

    @Test(arguments: ["a", "feature/a", "agent-a"])
    func otherNamesMeanOneAgentThoughItIsGone(name: String) throws {
        let agents = [try member("b", at: 2), try member("a", .gone, at: 1)]
        #expect(agents.meant(by: name).map(\.id.rawValue) == ["a"])
        #expect(agents.meant(by: "%1").isEmpty && agents.meant(by: "feature").isEmpty)
    }
}
