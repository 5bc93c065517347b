internal import Config
internal import Core
public import Fleet
public import Logging
internal import ProcessKit
public import ServiceLifecycle
internal import Store
internal import SystemPackage

/// Runs a fleet's tasks: feeds the machine with what happens, stores what it decides, and does it.
///
/// One loop changes the machine. Spawning, gathering, asking and typing go on beside it, each by itself, and come back as
/// events; so one bad agent or decider holds up nobody else.
public actor TaskOrchestrator: Service {
    /// With fleet.toml as it was last read.
    var context: FleetContext
    let store: FleetStore
    let source: OrchestratorSource
    let log: Logger
    let events: FileEvents
    let inbox: Inbox
    let audit: OrchestratorAudit
    private let executor = BlockingExecutor(label: "orchestrate")
    public nonisolated var unownedExecutor: UnownedSerialExecutor {
        unsafe executor.asUnownedSerialExecutor()
    }

    var plan: OrchestratorPlan
    /// There was a file that could be used.
    private var isPlanned: Bool
    private let report: @Sendable ([String]) -> Void
    var tasks: [PlannedTask] = []
    var machine: OrchestratorMachine
    /// What is held here may not be what is stored.
    var isStale = true
    var cursor: Int64 = 0
    var journalRead: Int64 = 0
    /// Reports up to here were made before there was a plan, and say nothing about it.
    var reportsFrom: Int64 = 0
    /// Removals up to here were made before what is held here was read.
    var removalsFrom: Int64 = 0
    /// What was asked up to these rows was asked of tasks that had been removed by then.
    var formerTasks: [String: Int64] = [:]
    var databaseChanged = true
    var planChanged = false
    var fleetChanged = false
    /// Read again when they change, wherever they lie.
    var promptFiles: [FilePath] = []
    var factsAt: Timestamp?
    var beatAt: Timestamp?
    /// Something changed so soon after facts were read that they were not read again.
    var wasTooSoon = false
    var work: [OrchestratorEffect] = []
    var ended: [QueuedCommand] = []
    var inputs: [String: DecisionInput] = [:]
    var running = 0
    var lock: FileLock?
    private var troubles: [String: String]

    static let reader = "orchestrate"
    /// Facts are read at most so often.
    static let factsPause = Duration.milliseconds(200)

    /// Throws ``ConfigurationError`` when the plan cannot be used, unless it may wait for one that can (`waitsForPlan`).
    ///
    /// `report` is told what is wrong with the file, in a sentence, and nothing when it is good again.
    public init(
        context: FleetContext, source: OrchestratorSource, log: Logger, waitsForPlan: Bool = false,
        report: @escaping @Sendable ([String]) -> Void = { _ in }
    ) throws {
        self.context = context
        self.source = source
        self.log = log
        self.report = report
        store = context.store
        let events = FileEvents()
        self.events = events
        inbox = Inbox { events.wake() }
        audit = OrchestratorAudit(context: context)
        do {
            let read = try source.load()
            for warning in read.warnings { log.warning("\(warning.rendered)") }
            (plan, isPlanned, troubles) = (read.value, true, [:])
        } catch {
            guard waitsForPlan else { throw error }
            let reason = (error as? any UserFacingError)?.message ?? "\(error)"
            log.error("tasks are not run: \(reason)")
            report(["tasks: \(reason)"])
            (plan, isPlanned, troubles) = (try OrchestratorSource.empty(), false, ["plan": reason])
        }
        machine = Self.machine(plan, context)
    }

    static func machine(
        _ plan: OrchestratorPlan, _ context: FleetContext, standings: [String: TaskStanding] = [:],
        commands: [QueuedCommand] = [], nextNumber: Int = 1
    ) -> OrchestratorMachine {
        OrchestratorMachine(
            settings: plan.configuration.settings, rules: plan.configuration.rules,
            salt: Self.salt(of: context.id), standings: standings, commands: commands, nextNumber: nextNumber)
    }

    /// What keeps the ids of fleets apart: the random part of the fleet's own.
    static func salt(of fleet: FleetID) -> String {
        fleet.rawValue.split(separator: "-").last.map(String.init) ?? fleet.rawValue
    }

    var now: Timestamp { context.surroundings.now() }

    /// Runs until it is told to stop; while another process has the role it waits.
    public func run() async throws {
        try watch()
        events.wake()
        await withDiscardingTaskGroup { group in
            for await _ in events.wakes.cancelOnGracefulShutdown() {
                guard await hasSomethingToRun() else { continue }
                guard hasRole() else {
                    // A lock that is let go of wakes nobody.
                    events.setAlarm(after: .seconds(5))
                    continue
                }
                await turn()
                for effect in takeWork() { group.addTask { await self.perform(effect) } }
                if !ended.isEmpty { group.addTask { await self.forgetEnded() } }
                setAlarm()
            }
            group.cancelAll()
        }
        lock = nil
    }

    /// Does what can be done now, waits until that has ended, and ends.
    ///
    /// Throws ``OrchestratorError/alreadyRunning(pid:)`` when another process has the role.
    public func runOnce() async throws {
        try takeRole()
        defer { lock = nil }
        await withDiscardingTaskGroup { group in
            var prepared: Set<String> = []
            repeat {
                await turn()
                // One decision for a task is a pass; the next process begins what is left out here.
                let effects = takeWork().filter { effect in
                    guard case .prepare(let branch, _) = effect else { return true }
                    return prepared.insert(branch).inserted
                }
                running += effects.count
                for effect in effects {
                    group.addTask {
                        await self.perform(effect)
                        await self.noteEnd()
                    }
                }
                if running > 0, inbox.isEmpty, effects.isEmpty { await waitForNews() }
            } while running > 0 || !inbox.isEmpty || !work.isEmpty
        }
        await forgetEnded()
    }

    private func noteEnd() {
        running -= 1
        events.wake()
    }

    private func waitForNews() async {
        setAlarm()
        for await _ in events.wakes { return }
    }

    /// A fleet without tasks needs no orchestrator: one may be started by hand.
    private func hasSomethingToRun() async -> Bool {
        if lock != nil { return true }
        note(events.takeChanges())
        await rereadFleet()
        if planChanged {
            planChanged = false
            watchPrompts()
            await attempt("plan") {
                plan = try source.load().value
                isPlanned = true
            }
        }
        guard isPlanned else { return false }
        if plan.configuration.isDryRun {
            began("dry run", "no task is run while 'dry_run' is set: see 'tmux-agent orchestrate --dry-run'")
            return false
        }
        ended("dry run")
        if !plan.configuration.tasks.isEmpty { return true }
        // A database that cannot be read is said by whoever watches the agents.
        return (try? await store.tasks().isEmpty) == false
    }

    /// Takes the role of the fleet's orchestrator, or throws.
    public func takeRole() throws {
        guard !hasRole() else { return }
        throw OrchestratorError.alreadyRunning(
            pid: try DaemonLock.holder(role: .orchestrate, run: context.run) ?? 0)
    }

    private func hasRole() -> Bool {
        if lock != nil { return true }
        do {
            lock = try DaemonLock.take(
                role: .orchestrate, run: context.run, processID: context.surroundings.processID)
            if lock == nil { began("role", "another process orchestrates this fleet's tasks") }
        } catch {
            began("role", "\(error)")
        }
        guard let lock else { return false }
        ended("role")
        // For whoever asks what is run. A lock that says less is good all the same.
        try? lock.write("\(context.surroundings.processID)\n\(source.file)\n")
        return true
    }

    /// Throws ``OrchestratorError/noTasks`` when neither the file nor the database has one.
    public func requireTasks() async throws {
        guard plan.configuration.tasks.isEmpty, try await store.tasks().isEmpty else { return }
        throw OrchestratorError.noTasks
    }

    private func watch() throws {
        for folder in [
            context.configuration.stateDatabase.removingLastComponent(), source.folder, context.folder,
            context.logs,
        ] where Files.isFolder(folder) {
            try events.watch(folder)
        }
        watchPrompts()
    }

    /// Watches the folders of the prompts, and where one of the repository is missing the nearest around it.
    func watchPrompts() {
        promptFiles = source.promptFiles
        for file in promptFiles {
            var folder = file.removingLastComponent()
            while !Files.isFolder(folder), folder.starts(with: source.base), folder.removeLastComponent() {}
            try? events.watch(folder)  // then it is read again with the file that names it
        }
    }

    private func setAlarm() {
        let now = now
        var times = [now.advanced(by: plan.configuration.settings.pollInterval)]
        if let due = machine.nextDeadline(after: now) { times.append(due) }
        if factsAt == nil || wasTooSoon, !machine.active.isEmpty {
            times.append(now.advanced(by: Self.factsPause))
        }
        if isStale { times.append(now.advanced(by: .seconds(1))) }
        let first = times.min() ?? now
        events.setAlarm(after: first <= now ? .milliseconds(1) : first.distance(from: now))
    }

    private func takeWork() -> [OrchestratorEffect] {
        defer { work = [] }
        return work
    }

    /// Says a trouble when it begins or changes.
    func began(_ part: String, _ reason: String) {
        guard troubles.updateValue(reason, forKey: part) != reason else { return }
        log.error("\(part): \(reason)")
        report(about: part)
    }

    func ended(_ part: String) {
        guard troubles.removeValue(forKey: part) != nil else { return }
        log.notice("\(part): works again")
        report(about: part)
    }

    /// Of all troubles only broken files are for people to mend.
    private func report(about part: String) {
        let files = ["plan", "settings"]
        guard files.contains(part) else { return }
        report(files.compactMap { troubles[$0] }.map { "tasks: \($0)" })
    }
}

extension TaskOrchestrator: CustomStringConvertible {
    /// For logs, which name services by it.
    public nonisolated var description: String { "TaskOrchestrator" }
}
