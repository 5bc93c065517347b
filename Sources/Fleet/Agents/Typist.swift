public import Core
internal import ProcessKit
internal import Store
public import SystemPackage
public import TmuxKit

/// Types into agents: one text at a time, exactly once per id, and says how far it got.
public struct Typist: Sendable {
    let server: TmuxServer
    let judge: ScreenJudge
    /// Where the locks per pane lie.
    let locks: FilePath
    /// Writes a text down before it is typed.
    private var record: (@Sendable (String, OutboxID) async throws -> Void)?

    /// With `recording` each text is written down first, so that the daemon knows its echo; the hands' orders are in the
    /// outbox already.
    public init(context: FleetContext, server: TmuxServer, kind: AgentKind, recording subject: Subject? = nil)
        throws
    {
        try self.init(run: context.run, server: server, judge: try context.detection.judge(kind))
        guard let subject else { return }
        record = { text, id in
            let now = context.surroundings.now()
            try await context.store.recordTyping(text, id: id, to: subject, at: now)
        }
    }

    /// `run` is the folder of whoever types: a fleet's, or that of panes that were not spawned here.
    public init(run: FilePath, server: TmuxServer, kind: AgentKind) throws {
        try self.init(run: run, server: server, judge: try ScreenJudge.of(kind))
    }

    public init(run: FilePath, server: TmuxServer, judge: ScreenJudge) throws {
        self.server = server
        self.judge = judge
        locks = run.appending("panes")
        try Files.makeFolder(locks, mode: 0o700)
    }

    /// Waits until the program is ready for input by its rules.
    ///
    /// A program without rules counts as ready when it has been quiet for 300 ms, and after two seconds at the latest.
    /// Throws when the program ends, waits for a person (a trust question, say) or is not ready in time.
    /// A dialog that `isAnswered` says yes to is waited for: somebody answers it.
    public func waitUntilReady(
        _ address: PaneAddress, within limit: Duration,
        isAnswered: (DetectedDialog) throws -> Bool = { _ in false }
    ) async throws {
        let start = ContinuousClock.now
        var last: (rows: [String], since: ContinuousClock.Instant)?
        var view = judge.view(of: try await server.capture(address))
        while true {
            if view.isDead { throw NotReady(reason: "its program has ended") }
            if view.isReady { return }
            if let waiting = view.waitingFor, try view.dialog.map(isAnswered) != true {
                throw NotReady(reason: "it waits for a person (\(waiting.rawValue))")
            }
            let now = ContinuousClock.now
            if last?.rows != view.rows { last = (view.rows, now) }
            if judge.isGeneric {
                let quiet = last.map { now - $0.since } ?? .zero
                if quiet >= .milliseconds(300) || now - start >= .seconds(2) { return }
            }
            guard now - start < limit else {
                throw NotReady(reason: "it was not ready for input after \(limit.components.seconds) s")
            }
            // The pane tells nobody when it changes; a look costs one round trip.
            try await Task.sleep(for: .milliseconds(40))
            view = judge.view(of: try await server.capture(address))
        }
    }

    /// Puts `text` into the program's composer and presses Enter, each exactly once per `id`.
    ///
    /// When somebody else's text stands in the composer it waits for at most `mayWait`, then types nothing and returns
    /// a receipt `queued`. With `submit` false Enter is not pressed. With `atEmptyPrompt` what stands behind a shell's prompt
    /// is somebody else's text, too.
    public func deliver(
        _ text: String, id: OutboxID, to address: PaneAddress, submit: Bool = true, mayWait: Duration,
        atEmptyPrompt: Bool = false
    ) async throws -> SendReceipt {
        let pasteID = OutboxID("\(id)/text")
        let begun = try await server.remembers(pasteID, in: address)
        // Without the pane's lock, for whoever answers the dialog needs it.
        if !begun, let obstacle = try await waitForEnd(ofDialogAt: address, within: mayWait) {
            return SendReceipt(stage: .queued, detail: obstacle)
        }
        return try await server.withPaneLock(address, folder: locks) {
            let enterID = OutboxID("\(id)/enter")
            guard
                let before = try await captureEmptyComposer(
                    address, within: mayWait, unlessTyped: pasteID, atEmptyPrompt: atEmptyPrompt)
            else { return SendReceipt(stage: .queued, detail: "another text stands in the input box") }
            if let record { try await record(text, id) }
            _ = try await server.paste(text, id: pasteID, into: address, style: judge.style(of: text))
            guard submit else { return SendReceipt(stage: .pasted) }
            let shown = try await waitUntilShown(since: before, at: address)
            _ = try await server.enter(id: enterID, in: address)
            let receipt = try await waitUntilAccepted(shown: shown, at: address, id: id)
            return receipt
        }
    }

    /// Presses keys exactly once per `id`.
    public func press(_ keys: [String], id: OutboxID, at address: PaneAddress) async throws -> SendReceipt {
        try await server.withPaneLock(address, folder: locks) {
            _ = try await server.keys(keys, id: OutboxID("\(id)/keys"), in: address)
            return SendReceipt(stage: .submitted)
        }
    }

    /// Lets tmux forget an order whose end is recorded.
    public func forget(_ id: OutboxID, at address: PaneAddress) async throws {
        let moves = (0..<Self.mostMoves).map { "move\($0)" }
        let ids = (["text", "enter", "again", "keys", "choose"] + moves).map { OutboxID("\(id)/\($0)") }
        try await server.forget(ids, in: address)
    }

    /// Text and Enter would choose whatever option the cursor stands on.
    private func waitForEnd(ofDialogAt address: PaneAddress, within limit: Duration) async throws -> String? {
        let start = ContinuousClock.now
        while let obstacle = judge.view(of: try await server.capture(address)).dialogInTheWay {
            guard ContinuousClock.now - start < limit else { return obstacle }
            try await Task.sleep(for: .milliseconds(100))
        }
        return nil
    }

    /// The pane when no text stands in its composer and no dialog in its place, or when the order `id` was typed already;
    /// nil after `limit`.
    private func captureEmptyComposer(
        _ address: PaneAddress, within limit: Duration, unlessTyped id: OutboxID, atEmptyPrompt: Bool
    ) async throws -> PaneCapture? {
        let start = ContinuousClock.now
        var wasAsked = false
        while true {
            let capture = try await server.capture(address)
            let view = judge.view(of: capture)
            let text = atEmptyPrompt ? view.composerText ?? view.typedText : view.composerText
            guard text != nil || view.dialogInTheWay != nil else { return capture }
            if !wasAsked, try await server.remembers(id, in: address) { return capture }
            wasAsked = true
            guard view.dialogInTheWay == nil, ContinuousClock.now - start < limit else { return nil }
            try await Task.sleep(for: .milliseconds(100))
        }
    }

    /// True when the text is seen to have arrived: the composer is not empty any more, or the screen changed.
    private func waitUntilShown(since before: PaneCapture, at address: PaneAddress) async throws -> Bool {
        let limit: Duration = judge.isGeneric ? .milliseconds(300) : .seconds(3)
        let start = ContinuousClock.now
        while ContinuousClock.now - start < limit {
            let capture = try await server.capture(address)
            if judge.isGeneric ? capture.rows != before.rows : judge.view(of: capture).composerText != nil {
                return true
            }
            try await Task.sleep(for: .milliseconds(judge.isGeneric ? 10 : 25))
        }
        return false
    }

    private func waitUntilAccepted(shown: Bool, at address: PaneAddress, id: OutboxID) async throws
        -> SendReceipt
    {
        guard !judge.isGeneric else {
            return shown
                ? SendReceipt(stage: .accepted) : SendReceipt(stage: .submitted, detail: "nothing echoed it")
        }
        let start = ContinuousClock.now
        var pressedAgain = false
        while ContinuousClock.now - start < .seconds(5) {
            let view = judge.view(of: try await server.capture(address))
            if view.state == .working || (shown && view.composerText == nil) {
                return SendReceipt(stage: .accepted)
            }
            // A program that was still drawing the paste swallows the first Enter.
            if !pressedAgain, ContinuousClock.now - start > .milliseconds(1500), view.composerText != nil {
                pressedAgain = true
                _ = try await server.enter(id: OutboxID("\(id)/again"), in: address)
            }
            try await Task.sleep(for: .milliseconds(50))
        }
        return SendReceipt(stage: .submitted, detail: "the program did not show that it took the text")
    }

    struct NotReady: UserFacingError {
        var reason: String
        var code: String { "agent_not_ready" }
        var message: String { reason }
    }
}
