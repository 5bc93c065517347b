internal import Synchronization

/// A number that a test sets while others read it.
public final class Setting: Sendable {
    private let number: Atomic<Int>

    public init(_ number: Int) { self.number = Atomic(number) }

    public var value: Int { number.load(ordering: .relaxed) }

    public func set(_ value: Int) { number.store(value, ordering: .relaxed) }

    /// Counts up; the number before.
    public func next() -> Int { number.add(1, ordering: .relaxed).oldValue }
}
