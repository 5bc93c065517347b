internal import Core
internal import Fleet
internal import ProcessKit
internal import Store
internal import SystemPackage

/// Whether the daemon keeps up with an agent that prints 100 MB, and misses none of 10,000 markers in it.
struct FloodBenchmark: Benchmark {
    static let name = "flood"

    func run(in workshop: Workshop) async throws -> [Row] {
        let megabytes = workshop.isQuick ? 10 : 100
        let markers = megabytes * 100
        let folder = workshop.folder.appending("flood-input")
        try Files.makeFolder(folder)
        let file = folder.appending("text")
        // tmux's pipe gets a carriage return before each newline.
        let expected = try write(megabytes, markers: markers, to: file)
        let alone = try await tmuxAlone(file, workshop)
        let wait = "until [ -e \(folder)/go ]; do sleep 0.1; done"
        return try await workshop.withFleet("flood", command: "\(wait); cat \(file); exec sleep 100000") {
            fleet in
            try await fleet.agent(["spawn", "agent/0"])
            _ = try await fleet.up()
            let context = try await fleet.context()
            let watch = try await follow(expected, context, folder, workshop)
            let found = try await count(context)
            let isOnce = found.rows == markers && found.different == markers
            return [
                Row(
                    "\(megabytes) MB of plain text through a pane: daemon done",
                    goal: "keeps up with tmux: no growing lag",
                    measured:
                        "\(watch.daemonDone.asTime), \((watch.daemonDone - watch.tapDone).asTime) after tmux; most behind \(watch.firstHalf.rounded(to: 1)) MB in the first half, \(watch.secondHalf.rounded(to: 1)) MB in the second",
                    baseline:
                        "tmux alone into `cat > /dev/null` \(alone.asTime)",
                    isMet: watch.secondHalf <= max(4, watch.firstHalf * 1.5)),
                Row(
                    "markers in it", goal: "each of \(markers) once in the journal",
                    measured: "\(found.rows) rows, \(found.different) different", isMet: isOnce),
            ]
        }
    }

    /// Writes the text and returns the bytes that a pane makes of it.
    private func write(_ megabytes: Int, markers: Int, to path: FilePath) throws -> Int64 {
        let file = try FileDescriptor.open(
            path, .writeOnly, options: [.create, .truncate], permissions: .ownerReadWrite)
        return try file.closeAfter {
            var (lines, bytes): (Int64, Int64) = (0, 0)
            let perMarker = megabytes * 1_000_000 / markers
            for marker in 0..<markers {
                var block =
                    "### SENTRY {\"type\":\"STATUS\",\"stage\":\"flood\",\"ok\":true,\"n\":\(marker)}\n"
                var count = 1
                while block.utf8.count < perMarker {
                    block +=
                        "[\(marker).\(count)] compiled module \(lines) of many, nothing of interest here\n"
                    count += 1
                }
                try file.writeAll(block.utf8)
                (lines, bytes) = (lines + Int64(count), bytes + Int64(block.utf8.count))
            }
            return bytes + lines
        }
    }

    private func tmuxAlone(_ file: FilePath, _ workshop: Workshop) async throws -> Double {
        let tmux = "tmux -L plain-flood -f /dev/null"
        let start = ContinuousClock.now
        try await workshop.run(
            "sh",
            [
                "-c",
                "\(tmux) new-session -d -x 200 -y 50 'cat \(file); \(tmux) wait-for -S done; sleep 1000' \\; "
                    + "pipe-pane 'exec cat > /dev/null' && \(tmux) wait-for done",
            ])
        let time = start.duration(to: .now).inSeconds
        try await workshop.run("sh", ["-c", "\(tmux) kill-server"])
        return time
    }

    struct Course {
        var tapDone: Double
        var daemonDone: Double
        var firstHalf: Double
        var secondHalf: Double
    }

    /// Watches how far the tap and the daemon are, four times a second.
    private func follow(
        _ expected: Int64, _ context: FleetContext, _ folder: FilePath, _ workshop: Workshop
    ) async throws -> Course {
        guard let agent = try await context.store.agents().first, let tap = agent.tap else {
            throw BenchmarkError.timedOut(waitingFor: "the agent's tap")
        }
        _ = try Files.create(folder.appending("go"), "")
        let start = ContinuousClock.now
        var course = Course(tapDone: 0, daemonDone: 0, firstHalf: 0, secondHalf: 0)
        try await workshop.wait(
            for: "the daemon to read it all", atMost: .seconds(600), every: .milliseconds(250)
        ) {
            let size = Files.size(tap) ?? 0
            let read = try await context.store.tapPosition(of: agent.subject)?.offset ?? 0
            let behind = Double(size - read) / 1e6
            if size < expected / 2 {
                course.firstHalf = max(course.firstHalf, behind)
            } else {
                course.secondHalf = max(course.secondHalf, behind)
            }
            let now = start.duration(to: .now).inSeconds
            if size >= expected, course.tapDone == 0 { course.tapDone = now }
            course.daemonDone = now
            return read >= expected
        }
        return course
    }

    private func count(_ context: FleetContext) async throws -> (rows: Int, different: Int) {
        var numbers: [Int64] = []
        var last: Int64 = 0
        while true {
            let entries = try await context.store.journal(after: last, kinds: [.marker], limit: 1000)
            guard let end = entries.last else { return (numbers.count, Set(numbers).count) }
            last = end.id
            numbers += entries.compactMap { entry in
                let marker = entry.payload["marker"]?.object
                return marker?["n"]?.integer
            }
        }
    }
}
