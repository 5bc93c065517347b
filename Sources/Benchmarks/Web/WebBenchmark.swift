internal import Core
internal import Fleet
internal import ProcessKit
internal import Store
internal import SystemPackage

/// What following a fleet in browsers costs, and how soon they see something new.
struct WebBenchmark: Benchmark {
    static let name = "web"

    func run(in workshop: Workshop) async throws -> [Row] {
        let agents = workshop.isQuick ? 20 : 100
        let clients = workshop.isQuick ? 50 : 200
        let span = workshop.isQuick ? 10 : 60
        return try await workshop.withFleet("web", command: "sleep 100000") { fleet in
            try await fleet.spawn(agents)
            let daemon = try await fleet.up()
            let status = try JSONValue.parse(try await fleet.agent(["status", "--json"]).text)
            let url = status["dashboard"]?.string ?? ""
            guard let port = url.split(separator: ":").last.flatMap({ Int($0) }) else {
                throw BenchmarkError.timedOut(waitingFor: "the dashboard")
            }
            let page = try await Pairs.measure(workshop.isQuick ? 5 : 25) { _ in
                try await workshop.time("curl", ["-sf", "-o", "/dev/null", url + "/"])
            } baseline: { _ in
                try await workshop.time("curl", ["-sf", "-o", "/dev/null", url + "/healthz"])
            }
            let paint = try await FirstPaint(in: workshop).measure(
                url + "/", baseline: url + "/assets/offline.html", count: workshop.isQuick ? 3 : 15)
            let followers = try EventFollowers(clients, port: port)
            // The first picture and the daemon's own first look at its agents.
            _ = await followers.read(for: .seconds(workshop.isQuick ? 5 : 20))
            let before = try ProcessLoad(of: daemon)
            _ = await followers.read(for: .seconds(span))
            let after = try ProcessLoad(of: daemon)
            let share = (after.processorSeconds - before.processorSeconds) / Double(span) * 100
            let delays = try await delays(followers, fleet, count: workshop.isQuick ? 5 : 30)
            await followers.close()
            return [
                Row(
                    "daemon, \(clients) clients of `/api/events`, \(agents) quiet agents, over \(span) s",
                    goal: "at most 10 % of a core", measured: "\(share.rounded(to: 2)) %", isMet: share <= 10),
                Row(
                    "a journal row to the event at a client, \(clients) clients (median)",
                    goal: "at most 150 ms", measured: delays.median.asTime, isMet: delays.median <= 0.150),
                Row(
                    "the dashboard's page, \(agents) agents (curl)", goal: "at most 200 ms",
                    measured: page.ours.median.asTime, baseline: "`/healthz` \(page.baseline.median.asTime)",
                    isMet: page.ours.median <= 0.200),
            ]
                + (paint.map { paint in
                    Row(
                        "first paint in chromium, \(agents) agents", goal: "at most 200 ms",
                        measured: paint.ours.median.asTime,
                        baseline: "a page without a fleet \(paint.baseline.median.asTime)",
                        isMet: paint.ours.median <= 0.200)
                }.map { [$0] } ?? [])
        }
    }

    private func delays(_ followers: EventFollowers, _ fleet: ScratchFleet, count: Int) async throws
        -> Samples
    {
        let context = try await fleet.context()
        var samples = Samples()
        for number in 0..<count {
            // Nothing of the one before is on its way.
            _ = await followers.read(for: .seconds(1))
            let draft = JournalDraft(
                subject: .mainCheckout, kind: .emit, source: "emit",
                payload: ["name": .string("tick-\(number)")])
            _ = try await context.store.emit(draft, at: context.surroundings.now())
            guard let delay = await followers.read(for: .seconds(10), untilFirst: true) else {
                throw BenchmarkError.timedOut(waitingFor: "an event")
            }
            samples.add(delay)
        }
        return samples
    }
}
