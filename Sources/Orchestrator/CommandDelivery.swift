internal import Config
internal import Core
internal import Fleet
internal import ProcessKit
internal import Store
internal import SystemPackage
internal import TerminalKit
internal import TmuxKit

/// Types a command into its session and finds out how it ended.
struct CommandDelivery: Sendable {
    let context: FleetContext
    let prompts: PromptSet
    let delegates: Bool
    /// After it nobody waits for a report any more.
    let patience: Duration

    /// How long a text waits behind somebody else's in the input box.
    private static let typingPatience = Duration.seconds(20)
    /// What is kept of an output.
    private static let mostTail = 64 << 10
    static let mostLines = 40

    private func id(_ command: QueuedCommand) -> OutboxID {
        OutboxID("orchestrate/\(ShellScripts.name(of: command))")
    }

    @concurrent func run(
        _ command: QueuedCommand, of task: PlannedTask?, phase: String
    ) async throws -> CommandEnd {
        let agent: Agent
        do {
            agent = try await context.store.agent(named: command.content.session ?? command.branch)
        } catch {
            return .lost(reason: error.message)
        }
        do {
            if command.content.keys.isEmpty, command.content.mode == .shell {
                return try await runInShell(command, agent)
            }
            return try await say(command, agent, task, phase)
        } catch is CancellationError {
            throw CancellationError()
        } catch let error as TmuxError where error.isUnknownKey {
            // No other try makes it one.
            return .lost(reason: error.message)
        } catch {
            return .notDelivered(reason: (error as? any UserFacingError)?.message ?? "\(error)")
        }
    }

    /// Presses C-c, once for each try; a command that is typed only now does nothing.
    func interrupt(_ command: QueuedCommand) async throws {
        try ShellScripts(context: context).disarm(command)
        let agent = try await context.store.agent(named: command.content.session ?? command.branch)
        let id = OutboxID("\(id(command))/interrupt")
        _ = try await Sender(context: context).send(.keys(["C-c"]), to: agent, id: id, patience: .zero)
    }

    /// Lets go of what remembered the command: its end is stored.
    func forget(_ command: QueuedCommand) async {
        try? ShellScripts(context: context).remove(command)  // what stays is a small file
        guard
            let agent = try? await context.store.agent(named: command.content.session ?? command.branch)
        else { return }
        let sender = Sender(context: context)
        // A pane that is gone remembers nothing.
        try? await sender.forget(id(command), at: agent)
        if command.isInterrupted { try? await sender.forget(OutboxID("\(id(command))/interrupt"), at: agent) }
    }

    private func say(
        _ command: QueuedCommand, _ agent: Agent, _ task: PlannedTask?, _ phase: String
    ) async throws -> CommandEnd {
        let content: SendContent =
            command.content.keys.isEmpty
            ? .text(wrapped(command, task, phase), enter: command.content.enter)
            : .keys(command.content.keys)
        let receipt = try await Sender(context: context).send(
            content, to: agent, id: id(command), patience: Self.typingPatience)
        guard receipt.stage != .queued else {
            return .notDelivered(reason: receipt.detail ?? "it is busy")
        }
        return .delivered(receipt: receipt.stage.rawValue)
    }

    private func wrapped(_ command: QueuedCommand, _ task: PlannedTask?, _ phase: String) -> String {
        guard delegates else { return command.content.text }
        return prompts.delegate.filled(with: [
            "command": command.content.text, "branch": command.branch, "title": task?.title ?? command.branch,
            "task": task?.task ?? "", "phase": phase, "notes": command.content.notes ?? "",
        ])
    }

    private func runInShell(_ command: QueuedCommand, _ agent: Agent) async throws -> CommandEnd {
        guard let tap = agent.tap else { return .lost(reason: "nobody keeps what its pane prints") }
        // A restart finds the place where the first one began to look.
        var begin = try await context.store.typedOffset(of: command.id)
        if begin == nil {
            begin = Files.size(tap) ?? 0
            try await context.store.noteTyped(command.id, at: begin ?? 0)
        }
        let line = try ShellScripts(context: context).write(command)
        let receipt = try await Sender(context: context).send(
            .text(line, enter: true), to: agent, id: id(command), patience: Self.typingPatience,
            atEmptyPrompt: true)
        guard receipt.stage != .queued else {
            return .notDelivered(reason: receipt.detail ?? "it is busy")
        }
        return try await waitForReport(of: command, tap: tap, from: begin ?? 0)
    }

    /// Follows the tap until the report stands there.
    private func waitForReport(
        of command: QueuedCommand, tap: FilePath, from begin: Int64
    ) async throws -> CommandEnd {
        let events = FileEvents()
        try events.watch(tap.removingLastComponent())
        let name = ShellScripts.name(of: command)
        let end = ContinuousClock.now.advanced(by: patience)
        var (offset, seen) = (begin, [UInt8]())
        events.wake()
        for await _ in events.wakes {
            while case let more = try Files.read(tap, from: offset, limit: 256 << 10), !more.isEmpty {
                offset += Int64(more.count)
                seen += more
                if let report = ShellReport.find(name, in: seen) {
                    return .exited(
                        code: report.exitCode, tail: tail(of: seen[..<report.range.lowerBound], name),
                        milliseconds: report.milliseconds)
                }
                // A report that is half there stays; of the rest only the end is shown.
                if seen.count > 2 * Self.mostTail { seen.removeFirst(seen.count - Self.mostTail) }
            }
            guard ContinuousClock.now < end else { return .timedOut(tail: tail(of: seen[...], name)) }
            events.setAlarm(after: .seconds(1))
        }
        throw CancellationError()
    }

    /// The last lines as a terminal shows them, without the line that was typed.
    private func tail(of bytes: ArraySlice<UInt8>, _ name: String) -> String {
        let settings = context.configuration.tmux
        let reader = PaneReader(
            size: TerminalSize(columns: settings.columns, rows: settings.rows), kind: .shell)
        reader.wantsLines = true
        var lines: [String] = []
        for case .line(let text, _) in reader.feed(Array(bytes.suffix(Self.mostTail))) + reader.settle() {
            lines.append(text.visible)
        }
        if let typed = lines.lastIndex(where: { $0.contains("\(name).run") }) { lines.removeFirst(typed + 1) }
        while lines.last?.isEmpty == true { lines.removeLast() }
        return lines.suffix(Self.mostLines).joined(separator: "\n")
    }
}

extension TmuxError {
    fileprivate var isUnknownKey: Bool { if case .unknownKey = self { true } else { false } }
}
