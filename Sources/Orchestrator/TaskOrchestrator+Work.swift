internal import Config
internal import Core
internal import Fleet
internal import Logging
internal import Store

extension TaskOrchestrator {
    /// Does one thing that was decided, and says what came of it; nothing is said when this process is told to stop.
    func perform(_ effect: OrchestratorEffect) async {
        do {
            switch effect {
            case .spawn(let branch):
                guard let task = machine.graph[branch] else { return }
                inbox.put(await TaskSpawning(context: context).spawn(task))
            case .prepare(let branch, let prompt): try await prepare(branch, prompt)
            case .decide(let branch): try await decide(branch)
            case .run(let id): try await run(id)
            case .interrupt(let id):
                guard let command = machine.commands[id] else { return }
                try await delivery.interrupt(command)
            case .ask, .withdraw, .alarm, .tell, .changed, .dropped: break
            }
        } catch is CancellationError {
            return
        } catch {
            log.warning("\(effect): \((error as? any UserFacingError)?.message ?? "\(error)")")
        }
    }

    private var delivery: CommandDelivery {
        CommandDelivery(
            context: context, prompts: plan.prompts, delegates: plan.configuration.delegates,
            patience: plan.configuration.settings.commandTimeout + .seconds(20))
    }

    /// Lets go of what remembered commands whose ends are stored.
    func forgetEnded() async {
        let commands = ended
        ended = []
        for command in commands { await delivery.forget(command) }
    }

    private func run(_ id: String) async throws {
        guard let command = machine.commands[id] else { return }
        let phase = machine.standings[command.branch]?.phase ?? ""
        let end = try await delivery.run(command, of: machine.graph[command.branch], phase: phase)
        inbox.put(.ended(command: id, end: end))
    }

    private func prepare(_ branch: String, _ prompt: DecisionPrompt) async throws {
        guard let task = machine.graph[branch], let standing = machine.standings[branch] else { return }
        let reader = DecisionInputReader(
            context: context, settings: plan.configuration.settings, prompts: plan.prompts)
        do {
            let input = try await reader.read(task, standing, prompt: prompt, at: now)
            inputs[branch] = input
            inbox.put(.prepared(branch: branch, hash: input.hash))
        } catch is CancellationError {
            throw CancellationError()
        } catch {
            inbox.put(
                .notPrepared(branch: branch, reason: (error as? any UserFacingError)?.message ?? "\(error)"))
        }
    }

    private func decide(_ branch: String) async throws {
        guard let input = inputs.removeValue(forKey: branch), let decider = plan.configuration.decider else {
            return inbox.put(.notDecided(branch: branch, reason: "there is no decider any more"))
        }
        let prompt = machine.standings[branch]?.deciding.prompt ?? .command
        let call = DeciderCall(settings: decider, context: context)
        let outcome = try await call.ask(input.prompt, in: input.folder)
        var record = RecordedDecision(
            branch: branch, at: now, prompt: prompt, inputHash: input.hash, duration: outcome.duration,
            outcome: "decided", output: String(outcome.output.prefix(Self.mostStored)))
        switch outcome.result {
        case .success(let decision):
            let decision = await SessionNames(context: context).resolved(decision, for: branch)
            inbox.put(.decided(branch: branch, decision: decision), decision: record)
        case .failure(let failure):
            record.outcome = failure.kind
            record.reason = failure.reason
            inbox.put(.notDecided(branch: branch, reason: failure.reason), decision: record)
        }
    }

    /// More of a decider's output is not stored.
    private static let mostStored = 64 << 10
}
