internal import Core
internal import ProcessKit
internal import SystemPackage
internal import TerminalKit

/// Bytes of a tap through screen and marker scanner, without a daemon around them.
struct ReadingBenchmark: Benchmark {
    static let name = "reading"

    func run(in workshop: Workshop) async throws -> [Row] {
        let megabytes = workshop.isQuick ? 2 : 20
        let plain = Self.plainText(megabytes: megabytes)
        var rows = [
            try await row(
                "plain text", plain, kind: nil, size: TerminalSize(columns: 200, rows: 50), workshop)
        ]
        let taps = Self.recordings
        for name in Files.names(in: taps) where name.hasSuffix(".tap") && !name.contains("resizes") {
            let description =
                try Files.readText(taps.appending(name.replacing(".tap", with: ".json"))) ?? "{}"
            let object = try JSONValue.parse(description).object
            guard let columns = object?["cols"]?.integer, let height = object?["rows"]?.integer,
                let bytes = try Files.read(taps.appending(name)), bytes.count > 20_000
            else { continue }
            let copies = max(1, megabytes * 100_000 / bytes.count)
            let many = Array((0..<copies).map { _ in bytes }.joined())
            rows.append(
                try await row(
                    "recording `\(name)` \(copies) times", many,
                    kind: object?["agent"]?.string.map { AgentKind($0) },
                    size: TerminalSize(columns: Int(columns), rows: Int(height)), workshop))
        }
        return rows
    }

    private func row(
        _ what: String, _ bytes: [UInt8], kind: AgentKind?, size: TerminalSize, _ workshop: Workshop
    ) async throws -> Row {
        var samples = Samples()
        for _ in 0..<3 {
            let start = ContinuousClock.now
            let reader = PaneReader(size: size, kind: kind)
            for begin in stride(from: 0, to: bytes.count, by: 65_536) {
                _ = reader.feed(Array(bytes[begin..<min(bytes.count, begin + 65_536)]))
            }
            samples.add(start.duration(to: .now))
        }
        let tmux = try await throughTmux(bytes, size, workshop)
        let megabytes = Double(bytes.count) / 1e6
        let (rate, goal) = (megabytes / samples.median, kind == nil ? 15.0 : 5.0)
        return Row(
            "screen and scanner, \(what)", goal: "at least \(Int(goal)) MB/s",
            measured: "\(rate.rounded(to: 1)) MB/s",
            baseline: "tmux shows it at \((megabytes / tmux).rounded(to: 1)) MB/s", isMet: rate >= goal)
    }

    private func throughTmux(_ bytes: [UInt8], _ size: TerminalSize, _ workshop: Workshop) async throws
        -> Double
    {
        let path = workshop.folder.appending("reading.bytes")
        let file = try FileDescriptor.open(
            path, .writeOnly, options: [.create, .truncate], permissions: .ownerReadWrite)
        _ = try file.closeAfter { try file.writeAll(bytes) }
        let tmux = "tmux -L plain-reading -f /dev/null"
        let shown = "stty -echo raw; cat \(path); \(tmux) wait-for -S done; sleep 1000"
        let start = ContinuousClock.now
        try await workshop.run(
            "sh",
            [
                "-c",
                "\(tmux) new-session -d -x \(size.columns) -y \(size.rows) '\(shown)' && \(tmux) wait-for done",
            ])
        let time = start.duration(to: .now).inSeconds
        try await workshop.run("sh", ["-c", "\(tmux) kill-server"])
        return time
    }

    private static func plainText(megabytes: Int) -> [UInt8] {
        var text: [UInt8] = []
        var line = 0
        while text.count < megabytes * 1_000_000 {
            text +=
                "[\(line)] compiled module \(line % 977) of many, nothing of interest here at all\r\n".utf8
            line += 1
        }
        return text
    }

    /// The project's own recordings of real agents, found from this file.
    private static var recordings: FilePath {
        var path = FilePath(#filePath)
        for _ in 0..<4 { path.removeLastComponent() }
        return path.appending("Tests/Fixtures/taps")
    }
}
