import Core
import Testing

struct HostPaneTests {
    @Test(arguments: ["local", "build:1", "a@b.c"])
    func aSubjectsKeyIsReadBack(_ host: String) throws {
        let pane = HostPane(
            host: host, pane: try #require(PaneID("%12")), serverPID: 99, serverStart: 1_700_000_000)
        let subject = Subject.pane(pane)
        #expect(subject.key == "pane:\(host):%12@99.1700000000")
        #expect(Subject(key: subject.key) == subject)
    }

    @Test(arguments: [
        "pane:local:%1", "pane::%1@1.2", "pane:local:1@1.2", "pane:local:%1@1", "pane:local:%1@1.2.3",
        "pane:%1@1.2", "pane:local:%1@x.2",
    ])
    func aTextThatIsNoKeyIsNone(_ key: String) { #expect(Subject(key: key) == nil) }

    @Test func aPaneOfALaterServerIsAnother() throws {
        let id = try #require(PaneID("%0"))
        let server = TmuxServerID(socket: "s", pid: 7, startTime: 100)
        let pane = HostPane(host: "local", pane: id, server: server)
        #expect(pane.isOn(server))
        #expect(!pane.isOn(TmuxServerID(socket: "s", pid: 7, startTime: 101)))
        #expect(!pane.isOn(TmuxServerID(socket: "s", pid: 8, startTime: 100)))
    }
}
