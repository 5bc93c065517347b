public import Core
public import TmuxKit

/// What became of the answer to a dialog.
public enum DialogAnswer: Sendable, Equatable {
    /// The option as the dialog shows it.
    case chosen(String)
    /// Nothing was chosen: the dialog is left to a person.
    case left(reason: String)
}

extension Typist {
    /// Chooses an option of a dialog by its text, once per `id`.
    ///
    /// The cursor is moved row by row to where the option stands now, and Enter is pressed only on a screen that still
    /// shows this dialog (`identity`) with the cursor on that option.
    public func answer(_ option: String, identity: String, id: OutboxID, at address: PaneAddress) async throws
        -> DialogAnswer
    {
        try await server.withPaneLock(address, folder: locks) {
            let choose = OutboxID("\(id)/choose")
            // Pressed before a crash: whatever the screen shows now is another matter.
            if try await server.remembers(choose, in: address) { return .chosen(option) }
            for round in 0..<Self.mostMoves {
                guard let dialog = try await shownDialog(identity, at: address) else {
                    return .left(reason: "the dialog is not there any more")
                }
                let target: Int
                do throws(DetectedDialog.Refusal) {
                    target = try dialog.index(ofOption: option)
                } catch {
                    return .left(reason: error.words(option))
                }
                let label = dialog.options[target].label
                if let key = dialog.options[target].key {
                    _ = try await server.keys([key, "Enter"], id: choose, in: address)
                    return try await outcome(label, identity, at: address)
                }
                guard let current = dialog.options.firstIndex(where: \.isSelected) else {
                    return .left(reason: "no option of the dialog is marked")
                }
                if current == target {
                    _ = try await server.keys(["Enter"], id: choose, in: address)
                    return try await outcome(label, identity, at: address)
                }
                let key = target > current ? "Down" : "Up"
                _ = try await server.keys(
                    Array(repeating: key, count: abs(target - current)), id: OutboxID("\(id)/move\(round)"),
                    in: address)
                try await waitForCursor(on: target, identity, at: address)
            }
            return .left(reason: "the cursor does not come to rest on '\(option)'")
        }
    }

    static var mostMoves: Int { 3 }

    private func shownDialog(_ identity: String, at address: PaneAddress) async throws -> DetectedDialog? {
        let view = judge.view(of: try await server.capture(address))
        guard !view.isDead, let dialog = view.dialog, dialog.identity == identity else { return nil }
        return dialog
    }

    private func waitForCursor(on target: Int, _ identity: String, at address: PaneAddress) async throws {
        let start = ContinuousClock.now
        while ContinuousClock.now - start < .seconds(2) {
            guard let dialog = try await shownDialog(identity, at: address) else { return }
            if dialog.options.indices.contains(target), dialog.options[target].isSelected { return }
            try await Task.sleep(for: .milliseconds(25))
        }
    }

    /// A dialog that took the key goes away.
    private func outcome(_ label: String, _ identity: String, at address: PaneAddress) async throws
        -> DialogAnswer
    {
        let start = ContinuousClock.now
        while ContinuousClock.now - start < .seconds(3) {
            if try await shownDialog(identity, at: address) == nil { return .chosen(label) }
            try await Task.sleep(for: .milliseconds(40))
        }
        return .left(reason: "'\(label)' was chosen, and the dialog still stands there")
    }
}

extension DetectedDialog.Refusal {
    fileprivate func words(_ option: String) -> String {
        switch self {
        case .noSuchOption: "no option says '\(option)'"
        case .severalOptions: "several options say '\(option)'"
        }
    }
}
