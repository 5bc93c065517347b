internal import Approvals
internal import Core
internal import Daemon
internal import Fleet
internal import GitKit
internal import ProcessKit
internal import Store
internal import SystemPackage

/// `status --watch`: shows the fleet until a person leaves, and does what they ask for.
struct StatusWatch: Sendable {
    let context: CommandContext
    let fleet: FleetContext

    /// What tmux and git say changes without a word in the database.
    private static let pause = Duration.seconds(2)
    /// However much is written, a person reads no faster.
    private static let shortestPause = Duration.milliseconds(200)

    func run() async throws {
        guard let screen = FullScreen() else { throw CLIError.needsTerminal("status --watch") }
        defer { screen.close() }
        var board = StatusBoard(facts: try await facts())
        let bell = FileEvents()
        try bell.watch(fleet.configuration.stateDatabase.removingLastComponent())
        let news = Mailbox<Outcome>()
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask {
                for await _ in bell.wakes { screen.ring() }
            }
            // What was sent is typed before the table goes.
            try await withThrowingTaskGroup(of: Void.self) { sends in
                try await follow(screen, &board, bell, news, &sends)
                guard !sends.isEmpty else { return }
                board.message = "Sending …"
                draw(board, screen)
                try await sends.waitForAll()
            }
            group.cancelAll()
        }
        screen.close()
        for outcome in news.take() where outcome.hasFailed { context.console.warning(outcome.words) }
    }

    /// What became of a text that was sent.
    private struct Outcome {
        var words: String
        var hasFailed: Bool
    }

    /// Shows the fleet until a person leaves or the terminal goes.
    private func follow(
        _ screen: FullScreen, _ board: inout StatusBoard, _ bell: FileEvents, _ news: Mailbox<Outcome>,
        _ sends: inout ThrowingTaskGroup<Void, any Error>
    ) async throws {
        draw(board, screen)
        bell.setAlarm(after: Self.pause)
        var lastLook = ContinuousClock.now
        for await event in screen.events {
            switch event {
            case .key(let key):
                guard let order = board.receive(key) else { break }
                if order == .quit { return }
                try await perform(order, screen, &board, news, &sends)
            case .changed:
                let rest = Self.shortestPause - lastLook.duration(to: .now)
                if let outcome = news.take().last { board.message = outcome.words }
                guard rest <= .zero else {
                    bell.setAlarm(after: rest)
                    break
                }
                board.facts = try await facts()
                lastLook = .now
                bell.setAlarm(after: Self.pause)
            case .resized: screen.forgetShown()
            case .ended: return
            }
            draw(board, screen)
        }
    }

    private func draw(_ board: StatusBoard, _ screen: FullScreen) {
        let size = screen.size
        screen.show(
            board.frame(
                columns: size.columns, rows: size.rows, context.console.out, now: context.surroundings.now()))
    }

    private func facts() async throws -> BoardFacts {
        async let questions = ApprovalDesk(store: fleet.store).questions()
        let status = try await DaemonControl(context: fleet).status()
        return BoardFacts(status: status, questions: try await questions)
    }

    /// What takes long runs beside the table and says how it ended.
    private func perform(
        _ order: StatusBoard.Order, _ screen: FullScreen, _ board: inout StatusBoard,
        _ news: Mailbox<Outcome>, _ sends: inout ThrowingTaskGroup<Void, any Error>
    ) async throws {
        switch order {
        case .quit: break
        case .stop: screen.stop()
        case .attach(let id):
            board.message = await trying {
                let (arguments, environment) = try await Attacher(context: fleet).command(for: id.rawValue)
                return try lend(screen, arguments, environment, nil)
            }
        case .diff(let id):
            board.message = await trying {
                let diff = try await AgentDiff(of: id.rawValue, uncommitted: false, context: fleet)
                guard try await diff.stat().files > 0 else { return "\(diff.branch) has changed nothing." }
                var (arguments, environment) = try await diff.pagerCommand()
                // git's own options let less leave at once what fits on a screen, and the table would hide it.
                environment["LESS"] = (environment["LESS"] ?? "R") + " -+F"
                return try lend(screen, arguments, environment, diff.worktree)
            }
        case .send(let text, let id, let branch):
            board.message = "Typing into \(branch) …"
            sends.addTask {
                do {
                    let (_, receipt) = try await Sender(context: fleet).send(
                        .text(text, enter: true), to: id.rawValue)
                    let detail = receipt.detail.map { " (\($0))" } ?? ""
                    news.put(
                        Outcome(words: "\(branch): \(receipt.stage.rawValue)\(detail)", hasFailed: false))
                } catch {
                    news.put(Outcome(words: "\(branch): \(Self.words(of: error))", hasFailed: true))
                }
                screen.ring()
            }
        case .answer(let id, let decision, let reason):
            board.message = await trying {
                let caller = QuestionLinker.caller(try QuestionPlace(of: fleet))
                let answered = try await ApprovalDesk(store: fleet.store).answer(
                    id.rawValue, decision, reason: reason, by: caller, at: context.surroundings.now())
                let what = answered.purpose == .command ? answered.stage : "stage '\(answered.stage)'"
                return "\(decision == .approve ? "Approved" : "Rejected") \(what)."
            }
            board.facts = try await facts()
        }
    }

    private func lend(
        _ screen: FullScreen, _ arguments: [String], _ environment: [String: String], _ folder: FilePath?
    ) throws -> String? {
        let status = try screen.lend { try Exec.run(arguments, environment: environment, in: folder) }
        return status == 0 ? nil : "'\(arguments[0])' ended with status \(status)."
    }

    /// What an order says, or why it failed: the table stays.
    private func trying(_ order: () async throws -> String?) async -> String? {
        do {
            return try await order()
        } catch {
            return Self.words(of: error)
        }
    }

    private static func words(of error: any Error) -> String {
        let known = error as? any UserFacingError
        return [known?.message ?? "\(error)", known?.hint].compactMap(\.self).joined(separator: ". ")
    }
}
