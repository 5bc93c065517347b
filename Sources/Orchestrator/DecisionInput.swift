internal import Config
internal import Core
internal import Fleet
internal import GitKit
internal import Store
internal import SystemPackage

/// What a decider is shown of a task, in bounds.
struct DecisionInput: Sendable {
    var prompt: String
    var hash: String
    /// Where the call runs.
    var folder: FilePath

    /// Longer rows of a screen are cut.
    static let mostColumns = 400
    /// More of changed files, reports and results is not shown.
    static let mostEntries = 30
}

/// Gathers a decider's input.
struct DecisionInputReader: Sendable {
    let context: FleetContext
    let settings: OrchestratorSettings
    let prompts: PromptSet

    func read(
        _ task: PlannedTask, _ standing: TaskStanding, prompt: DecisionPrompt, at now: Timestamp
    ) async throws -> DecisionInput {
        let agent = try await context.store.agent(named: task.branch)
        var values = words(task, standing)
        values["screen"] = try await screen(of: agent)
        values["signals"] = try await signals(of: agent)
        await readGit(agent, into: &values)
        let ended = try await context.store.commands(of: [task.branch], limit: DecisionInput.mostEntries)
            .filter { !$0.state.isOpen }
        if let last = ended.first {
            values["last_command"] = last.content.shownText
            values["last_result"] = result(of: last)
        }
        if let first = standing.deciding.commandsFrom {
            values["former_results"] = ended.dropFirst().filter { $0.number >= first }.reversed().map {
                "\($0.content.shownText)\n\(result(of: $0))"
            }.joined(separator: "\n")
        }
        values["stalled_seconds"] = String(
            Int64(standing.stalls + 1) * settings.stallTimeout.components.seconds)
        let text = prompts.template(prompt, phase: standing.phase).filled(with: values)
        return DecisionInput(prompt: text, hash: ContentHash.of(text), folder: agent.place.worktree)
    }

    private func words(_ task: PlannedTask, _ standing: TaskStanding) -> [String: String] {
        [
            "branch": task.branch, "title": task.title, "task": task.task ?? "", "phase": standing.phase,
            "phases": task.phases.joined(separator: ", "), "completion_phase": settings.completionPhase,
            "responsible": task.responsible ?? "", "tags": task.tags.joined(separator: ", "),
            "depends_on": task.dependsOn.joined(separator: ", "),
            "stages": standing.facts.stages.sorted { $0.key < $1.key }.map { "\($0): \($1.rawValue)" }
                .joined(separator: "\n"),
            "agent_state": (standing.facts.state ?? .unknown).rawValue,
            "waiting_for": standing.facts.waitingFor?.rawValue ?? "",
            "head": standing.facts.head.map { String($0.prefix(10)) } ?? "",
            "summary": standing.deciding.summary ?? "",
            "blockers": standing.deciding.blockers.joined(separator: "\n"),
            "failures": standing.failureStreak == 0 ? "" : String(standing.failureStreak),
            "format": PromptSet.format,
        ]
    }

    private func screen(of agent: Agent) async throws -> String {
        let rows = try await Sender(context: context).rows(of: agent)
        let shown = rows.reversed().drop { $0.isEmpty }.reversed().suffix(settings.historyLines)
        return shown.map { String($0.prefix(DecisionInput.mostColumns)).visible }.joined(separator: "\n")
    }

    /// The latest reports of the agent and of its stages, the oldest first.
    private func signals(of agent: Agent) async throws -> String {
        let kinds: Set<JournalKind> = [.marker, .emit, .stageChanged, .approvalAnswered]
        return try await context.store.journal(of: agent.subject, limit: 200).filter {
            kinds.contains($0.kind)
        }.suffix(DecisionInput.mostEntries).map { entry in
            let text = JSONValue.object(entry.payload).serialized(sorted: true)
            return "\(entry.kind) \(text.prefix(DecisionInput.mostColumns))".visible
        }.joined(separator: "\n")
    }

    private func readGit(_ agent: Agent, into values: inout [String: String]) async {
        let facts = await GitFactReader(context: context).read([agent], within: .seconds(5))[agent.id]
        if let ahead = facts?.ahead, ahead > 0 { values["ahead"] = String(ahead) }
        if let behind = facts?.behind, behind > 0 { values["behind"] = String(behind) }
        // A worktree that git cannot read has no changes to show; `doctor` says more about it.
        guard let paths = try? await context.repository.changedPaths(of: agent.place.worktree) else { return }
        values["changed_files"] = list(paths.changed)
        values["conflicts"] = list(paths.conflicted)
    }

    private func list(_ paths: [String]) -> String {
        let shown = paths.prefix(DecisionInput.mostEntries).map(\.visible)
        let rest = paths.count - shown.count
        return (shown + (rest > 0 ? ["and \(rest) more"] : [])).joined(separator: "\n")
    }

    private func result(of command: QueuedCommand) -> String {
        var code = command.exitCode.map { " with exit code \($0)" } ?? ""
        if let started = command.startedAt, let ended = command.endedAt {
            code += " after \(Double(ended.distance(from: started).inMilliseconds) / 1000) s"
        }
        let lines = (command.detail ?? "").split(separator: "\n").suffix(DecisionInput.mostEntries)
        return "\(command.state.rawValue)\(code)\n" + lines.joined(separator: "\n")
    }
}
