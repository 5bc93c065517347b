internal import Core
internal import Fleet
internal import ProcessKit
internal import Store
internal import SystemPackage

/// Puts the page of numbers together: counted ones from the database, the rest as they are now.
struct MetricsReader: Sendable {
    let context: SiteContext
    /// How many clients follow the events of this process.
    let followers: @Sendable () async -> Int

    func read() async throws -> String {
        let counters = Dictionary(grouping: try await context.store.counters(), by: \.name)
        var text = MetricText()
        for family in MetricCatalogue.counted + MetricCatalogue.orchestrator {
            if family.kind == .histogram {
                let parts = ["bucket", "sum", "count"].flatMap { counters["\(family.name)_\($0)"] ?? [] }
                text.add(family, stored: parts)
            } else {
                text.add(
                    family, (counters[family.name] ?? []).map { MetricSample($0.value, $0.labels) })
            }
        }
        try await addTasks(to: &text)
        try await addFleet(to: &text)
        addProcess(to: &text)
        text.add(MetricCatalogue.followers, [MetricSample(Double(await followers()))])
        return text.text
    }

    private func addFleet(to text: inout MetricText) async throws {
        let facts = try await context.store.statistics()
        let now = context.surroundings.now()
        text.add(
            MetricCatalogue.info,
            [MetricSample(1, ["fleet": context.name, "id": context.store.fleet.rawValue])])
        text.add(MetricCatalogue.watched, [MetricSample(try context.isWatched() ? 1 : 0)])
        text.add(
            MetricCatalogue.agents,
            AgentState.allCases.map { MetricSample(Double(facts.agents[$0] ?? 0), ["state": $0.rawValue]) })
        text.add(
            MetricCatalogue.runs,
            [PipelineRun.State.queued, .running].map {
                MetricSample(Double(facts.openRuns[$0] ?? 0), ["state": $0.rawValue])
            })
        text.add(MetricCatalogue.questions, [MetricSample(Double(facts.pendingApprovals))])
        text.add(
            MetricCatalogue.oldestQuestion,
            [MetricSample(facts.oldestQuestion.map { max(0, now.distance(from: $0).fractionalSeconds) } ?? 0)]
        )
        text.add(
            MetricCatalogue.outbox,
            ["pending", "attempting", "done", "failed", "uncertain", "cancelled"].map {
                MetricSample(Double(facts.outbox[$0] ?? 0), ["state": $0])
            })
        text.add(
            MetricCatalogue.deliveries,
            facts.deliveries.map {
                MetricSample(Double($0.count), ["channel": $0.channel, "state": $0.state.rawValue])
            })
        try await addTaps(to: &text, facts)
        text.add(MetricCatalogue.database, [MetricSample(Double(facts.databaseBytes))])
    }

    private func addTasks(to text: inout MetricText) async throws {
        let rows = try await context.store.orchestratorBoard(decisions: 0).rows
        func samples(_ state: QueuedCommand.State) -> [MetricSample] {
            rows.map { row in
                MetricSample(
                    Double(row.commands.count { $0.state == state }), ["branch": row.task.task.branch])
            }
        }
        text.add(MetricCatalogue.queue, samples(.queued))
        text.add(MetricCatalogue.confirmations, samples(.confirming))
        if let fleet = context.fleet {
            let others = HostCensus(context: fleet).count(try await context.store.hostTenants())
            let own = rows.count { $0.task.state.isActive }
            text.add(MetricCatalogue.hostAgents, [MetricSample(Double(own + others))])
        }
        text.add(MetricCatalogue.orchestrated, [MetricSample(try context.isOrchestrated() ? 1 : 0)])
        let statuses = Dictionary(grouping: rows, by: \.status)
        text.add(
            MetricCatalogue.tasks,
            statuses.sorted { $0.key < $1.key }.map {
                MetricSample(Double($0.value.count), ["status": $0.key])
            })
    }

    private func addTaps(to text: inout MetricText, _ facts: FleetStatistics) async throws {
        var bytes: [MetricSample] = []
        var lag: [MetricSample] = []
        for agent in try await context.store.agents() {
            guard let tap = agent.tap, let size = Files.size(tap) else { continue }
            let labels = ["branch": agent.place.branch]
            bytes.append(MetricSample(Double(size), labels))
            let read = facts.tapOffsets[agent.subject] ?? 0
            lag.append(MetricSample(Double(max(0, size - read)), labels))
        }
        text.add(MetricCatalogue.tapBytes, bytes)
        text.add(MetricCatalogue.tapLag, lag)
    }

    private func addProcess(to text: inout MetricText) {
        let own = OwnProcess()
        text.add(MetricCatalogue.memory, [MetricSample(Double(own.residentBytes))])
        text.add(MetricCatalogue.processor, [MetricSample(own.processorSeconds)])
        text.add(MetricCatalogue.files, [MetricSample(Double(own.openFiles))])
        text.add(MetricCatalogue.start, [MetricSample(own.startedAt)])
    }
}
