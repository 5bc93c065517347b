public import Core
public import Fleet
public import Logging
public import ProcessKit
public import ServiceLifecycle
public import Store
internal import SystemPackage
internal import TmuxKit

/// Takes what the policies decided out of the outbox and does it, one action at a time for each subject.
///
/// An action that was begun is never begun again on a guess: typing is remembered by tmux on the pane, a shell action by
/// the files of its child. Results go to the watcher, which alone lets the policies react.
public struct Hands: Service {
    let workplace: Workplace
    let store: FleetStore
    let results: ResultBox
    let echoes: EchoBox
    let bell: FileEvents
    let log: Logger
    /// Writes down what people are told, once for each action.
    let notify: @Sendable (Notice, OutboxItem) async throws -> Void

    public init(
        context: FleetContext, servers: ServerPool, results: ResultBox, echoes: EchoBox, bell: FileEvents,
        log: Logger,
        notify: @escaping @Sendable (Notice, OutboxItem) async throws -> Void
    ) {
        self.init(
            workplace: .fleet(context, servers), store: context.store, results: results, echoes: echoes,
            bell: bell, log: log, notify: notify)
    }

    public init(
        workplace: Workplace, store: FleetStore, results: ResultBox, echoes: EchoBox, bell: FileEvents,
        log: Logger, notify: @escaping @Sendable (Notice, OutboxItem) async throws -> Void
    ) {
        self.workplace = workplace
        self.store = store
        self.results = results
        self.echoes = echoes
        self.bell = bell
        self.log = log
        self.notify = notify
    }

    var now: Timestamp { workplace.surroundings.now() }

    public func run() async throws {
        let actions = workplace.run.appending("actions")
        try Files.makeFolder(actions, mode: 0o700)
        try await withThrowingDiscardingTaskGroup { group in
            for item in try await store.recoverAttempting() {
                group.addTask { await perform(item, isRecovered: true) }
            }
            bell.wake()
            var troubles = Troubles()
            for await _ in bell.wakes.cancelOnGracefulShutdown() {
                do {
                    for item in try await store.claimOutbox(now: now) {
                        group.addTask { await perform(item, isRecovered: false) }
                    }
                    bell.setAlarm(
                        after: try await store.nextOutboxDue().map { max($0, now).distance(from: now) })
                    if troubles.ended("outbox") { log.notice("outbox: works again") }
                } catch {
                    let reason = (error as? any UserFacingError)?.message ?? "\(error)"
                    if troubles.began("outbox", reason) { log.error("outbox: \(reason)") }
                    bell.setAlarm(after: .seconds(1))
                }
            }
            // Shell actions go on in their own processes; typing that was begun is over in moments.
            group.cancelAll()
        }
    }

    /// Does one action and says how it ended; nothing is said when this process is told to stop meanwhile.
    private func perform(_ item: OutboxItem, isRecovered: Bool) async {
        var pause = Duration.milliseconds(250)
        while !Task.isCancelled {
            do {
                return results.put(try await act(item, isRecovered: isRecovered))
            } catch is CancellationError {
                return
            } catch  where isAway(item, error) {
                // What was begun there is remembered under its id, by tmux or by its files: it is asked for again.
                try? await Task.sleep(for: pause)  // cut short by the end
                pause = min(pause * 2, .seconds(5))
            } catch {
                return fail(item, error)
            }
        }
    }

    /// Whether an action failed because the connection to its host was lost, or was not there.
    private func isAway(_ item: OutboxItem, _ error: any Error) -> Bool {
        guard case .panes(let hosts) = workplace, case .pane(let pane) = item.subject,
            let remote = hosts.host(of: pane)?.remote
        else { return false }
        switch error {
        case HostError.notReachable, TmuxError.notReached, TmuxError.connectionLost: return true
        default: return !remote.isConnected
        }
    }

    private func fail(_ item: OutboxItem, _ error: any Error) {
        let reason = (error as? any UserFacingError)?.message ?? "\(error)"
        log.warning("action \(item.id): \(reason)")
        results.put(ActionResult(item: item.id, state: .failed, detail: reason))
    }

    private func act(_ item: OutboxItem, isRecovered: Bool) async throws -> ActionResult {
        switch item.action {
        case .sendKeys(let text, let enter): return try await type(text, enter: enter, item)
        case .keys(let keys): return try await press(keys, item)
        case .answerDialog(_, let option, let identity):
            return try await answer(option, identity: identity, item)
        case .shell(let command, let timeout, let environment):
            // An action that was begun has been looked at before; a look now would come too late.
            if !isRecovered { await look(.begin, beside: item) }
            let result = try await runShell(command, timeout: timeout, environment: environment, item)
            await look(.end, beside: item)
            return result
        case .notify(let notice):
            try await notify(notice, item)
            return ActionResult(item: item.id, state: .done)
        case .emit(let name, let payload): return try await emit(name, payload, item)
        case .spawn(let branch, let template, let task):
            return try await spawn(SpawnRequest(branch: branch, template: template, task: task), item)
        }
    }

    /// Gates go by what the worktree was like; an action does not wait for them, and a stage that nobody could look at
    /// counts as unseen.
    private func look(_ moment: WorktreeLook.Moment, beside item: OutboxItem) async {
        guard case .fleet(let context, _) = workplace else { return }
        do {
            try await GateWitness(context: context).look(moment, beside: item)
        } catch {
            log.warning("gates: \(item.id): \((error as? any UserFacingError)?.message ?? "\(error)")")
        }
    }

    private func emit(_ name: String, _ payload: JSONObjectBox, _ item: OutboxItem) async throws
        -> ActionResult
    {
        let body = Signal.Body.emitted(name, payload.object, source: "policy")
        let draft = JournalDraft(
            subject: item.subject, kind: .emit, source: "policy", payload: body.json, run: item.run,
            stage: item.stage, key: item.id.rawValue)
        _ = try await store.emit(draft, at: now)
        return ActionResult(item: item.id, state: .done)
    }

    /// Idempotent by itself: a living agent is found and left as it is.
    private func spawn(_ request: SpawnRequest, _ item: OutboxItem) async throws -> ActionResult {
        guard case .fleet(let context, _) = workplace else { throw HandsError.noFleet }
        let result = try await Spawner(context: context).spawn(request)
        return ActionResult(item: item.id, state: .done, detail: result.outcome.rawValue)
    }
}

extension Hands: CustomStringConvertible {
    /// Logs name services by it; what is in them, the environment above all, is nobody's business.
    public var description: String { "Hands" }
}
