import Core
import Testing

struct LineHeuristicsTests {
    @Test(arguments: [
        ("tests failed", "ERROR"), ("Error: no such file", "ERROR"), ("java.lang.Exception at x", "ERROR"),
        ("3 passed, 1 failed", "ERROR"), ("All done", "STATUS"), ("build completed in 3 s", "STATUS"),
        ("Success!", "STATUS"), ("12 passed, 0 failed", "STATUS"), ("100% done", "STATUS"),
        ("completed without error", "STATUS"), ("build -> done", "STATUS"),
    ])
    func wordsSayHowSomethingEnded(_ line: String, _ type: String) throws {
        let marker = try #require(LineHeuristics.marker(in: line))
        #expect(marker.type == type)
        #expect(marker.ok == (type == "STATUS" ? true : nil))
        #expect(marker[type == "STATUS" ? "summary" : "detail"]?.string == line)
    }

    @Test(arguments: [
        "abandoned", "undone errors", "0 failed", "not done yet", "no error", "",
        "$ echo done", "me@host:~$ make && echo passed", "root@host:/# echo done", "❯ echo done",
        "host% echo done", "> done", #"### SENTRY {"type":"STATUS","summary":"done"}"#,
    ])
    func otherLinesSayNothing(_ line: String) {
        #expect(LineHeuristics.marker(in: line) == nil)
    }

    @Test func aWholeLineOfJSONIsAReport() throws {
        let marker = try #require(LineHeuristics.marker(in: #"  {"type":"TEST","failed":0,"note":"error"}  "#))
        #expect(marker.type == "TEST")
        #expect(marker["failed"]?.integer == 0)
        #expect(LineHeuristics.marker(in: #"{"type":"TEST"} and more"#) == nil)
        #expect(LineHeuristics.marker(in: #"{"type": broken}"#) == nil)
        #expect(LineHeuristics.marker(in: #"[{"type":"TEST"}]"#) == nil)
    }
}
