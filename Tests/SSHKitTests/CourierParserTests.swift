import Testing

@testable import SSHKit

struct CourierParserTests {
    private static let stream =
        Array(
            """
            Last login: today
            ready other 5 x
            ready n0nce 1000
            /tmp
            /home/me/.tmux_agent/hosts/w 1
            alive
            """.utf8)
        + Array(
            "\nbytes 1 - 0 12\nend 1\na\n\n  \nend 1\ncut 2 17\nbytes 3 - 4096 0\nend 3\nstatus k@1 exit 3\noutput k@1 - 10 5\nx\0\n\u{e9}end k@1\n"
                .utf8)
        + Array("unclaimed k@2\nuncertain k@3\nanswer 7 yes\nanswer 8 no\nfinished 1\n".utf8)

    private static let expected: [CourierFrame] = [
        .ready(RemoteFacts(userID: 1000, temporaryFolder: "/tmp", folder: "/home/me/.tmux_agent/hosts/w 1")),
        .alive, .bytes(file: 1, offset: 0, bytes: Array("end 1\na\n\n  \n".utf8)), .cut(file: 2),
        .bytes(file: 3, offset: 4096, bytes: []),
        .fate(key: "k@1", .ended(status: "exit 3", output: Array("x\0\n\u{e9}".utf8))),
        .fate(key: "k@2", .unclaimed), .fate(key: "k@3", .uncertain), .answer(request: 7, isYes: true),
        .answer(request: 8, isYes: false), .finished(file: 1),
    ]

    @Test func streamMeansTheSameWhereverItIsCut() throws {
        for size in 1...Self.stream.count {
            var parser = CourierParser(nonce: "n0nce")
            var frames: [CourierFrame] = []
            var rest = Self.stream[...]
            while !rest.isEmpty {
                frames += try parser.receive(rest.prefix(size))
                rest = rest.dropFirst(size)
            }
            #expect(frames == Self.expected, "cut every \(size) bytes")
        }
    }

    @Test func machineThatCannotBeUsedSaysWhy() throws {
        var parser = CourierParser(nonce: "n")
        let frames = try parser.receive(Array("refused n it has no program 'stat'\n".utf8)[...])
        #expect(frames == [.refused("it has no program 'stat'")])
    }

    @Test(arguments: [
        "nonsense", "bytes 1 - 0", "bytes 1 - -1 5", "bytes 1 - 0 99999999999", "bytes 1 - 0 3\nabcend 2",
        "bytes 1 - 0 3\nabend 1x", "output k - 0 0\nend k", "cut x 1",
    ])
    func whatMakesNoSenseIsRefusedAndNeverGivenOut(text: String) throws {
        var parser = CourierParser(nonce: "n")
        _ = try parser.receive(Array("ready n 1\n/tmp\n/w\n".utf8)[...])
        #expect(throws: CourierParser.Malformed.self) {
            _ = try parser.receive(Array((text + "\n").utf8)[...])
        }
    }

    @Test func endlessLineIsNotKept() throws {
        var parser = CourierParser(nonce: "n")
        let flood = [UInt8](repeating: UInt8(ascii: "x"), count: 1 << 20)
        let frames = try parser.receive(flood[...])
        #expect(frames.isEmpty)
        #expect(throws: CourierParser.Malformed.self) {
            _ = try parser.receive(Array("\nready n 1\n/tmp\n/w\n".utf8)[...] + flood)
        }
    }
}
