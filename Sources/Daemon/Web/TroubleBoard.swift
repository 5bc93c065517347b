internal import Synchronization

/// What of the daemon does not work, from all its parts; written where `status` reads it, once the daemon watches.
final class TroubleBoard: Sendable {
    private struct State {
        var isReady = false
        var troubles: [String: [String]] = [:]

        var all: [String] { troubles.sorted { $0.key < $1.key }.flatMap(\.value) }
    }

    private let state = Mutex(State())
    private let write: @Sendable ([String]) throws -> Void

    init(write: @escaping @Sendable ([String]) throws -> Void) { self.write = write }

    /// The daemon does its work.
    func ready() throws {
        try state.withLock { state in
            state.isReady = true
            try write(state.all)
        }
    }

    /// All troubles of one part at this moment; empty: it works.
    func tell(_ troubles: [String], from part: String) {
        state.withLock { state in
            state.troubles[part] = troubles.isEmpty ? nil : troubles
            // The log says it too.
            if state.isReady { try? write(state.all) }
        }
    }
}
