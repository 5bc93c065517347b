internal import Synchronization

/// Things that one task leaves for another.
final class Mailbox<Thing: Sendable>: Sendable {
    private let things = Mutex<[Thing]>([])

    func put(_ thing: Thing) { things.withLock { $0.append(thing) } }

    /// All that came since the last call.
    func take() -> [Thing] {
        things.withLock { things in
            defer { things = [] }
            return things
        }
    }
}
