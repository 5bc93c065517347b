internal import CLinux
internal import Core
internal import Glibc
internal import Store
internal import SystemPackage
internal import TerminalKit

/// How far a tap was read, and what of that is in the database.
struct TapProgress {
    /// Where the database stands.
    var committed: Int64
    private var lastMark: Timestamp?
    private var lastMarkOffset: Int64?
    private var lastKeyframe: Int64 = 0
    /// The tap's head up to here is freed.
    private var freed: Int64 = 0

    /// Marks are written at most so often, plus those for changes of size and for quiet screens.
    private static let markPause = Duration.milliseconds(250)

    init(committed: Int64 = 0) { self.committed = committed }

    /// Reading goes on from there.
    mutating func begin(at place: TapFollower.Place) {
        lastKeyframe = place.keyframe.map { Int64($0.offset) } ?? 0
        lastMarkOffset = place.marks.last?.offset
    }

    /// What a later reader needs to go on from where `follower` stands.
    ///
    /// `quietSince`: the screen was taken as it stood, for nothing came since then.
    func step(of follower: TapFollower, quietSince: Timestamp? = nil, at now: Timestamp) throws -> WatchStep {
        var step = WatchStep()
        let to = follower.offset
        let size = ScreenSize(follower.size)
        step.tap = TapAdvance(from: committed, to: to, size: size, generation: follower.nextGeneration)
        if committed == 0, lastMark == nil {
            // The size that the first byte found, for a reader without a keyframe.
            step.marks = [TapMark(offset: 0, at: now, size: ScreenSize(follower.firstSize))]
        }
        step.marks += follower.resizes.map { TapMark(offset: $0.offset, at: now, size: ScreenSize($0.size)) }
        if to > committed, lastMark.map({ now >= $0.advanced(by: Self.markPause) }) ?? true {
            step.marks.append(TapMark(offset: to, at: now, size: size))
        }
        if let quietSince {
            // Two marks at one offset, the later one now: who reads the tap again finds the screen quiet there, too.
            if (step.marks.last?.offset ?? lastMarkOffset) != to {
                let before = min(quietSince, now.advanced(by: .milliseconds(-1)))
                step.marks.append(TapMark(offset: to, at: before, size: size))
            }
            step.marks.append(TapMark(offset: to, at: now, size: size))
        }
        // In a flood a restart can read more again: storing a screen costs as much as reading half a megabyte.
        let distance = TapFollower.keyframeDistance * (follower.isBehind ? 8 : 1)
        if follower.needsKeyframe || to - lastKeyframe >= distance, let state = try follower.keyframe() {
            step.keyframe = StoredKeyframe(offset: to, state: state)
        }
        return step
    }

    /// A step is in the database.
    mutating func written(_ step: WatchStep, at now: Timestamp) {
        if let tap = step.tap { committed = tap.to }
        if let mark = step.marks.last { (lastMark, lastMarkOffset) = (now, mark.offset) }
        if let keyframe = step.keyframe { lastKeyframe = keyframe.offset }
    }

    /// A moment behind every mark: what is marked then is known from them by its time.
    func momentBehindMarks(_ now: Timestamp) -> Timestamp {
        max(now, lastMark?.advanced(by: .milliseconds(1)) ?? now)
    }

    mutating func clockWasSetBack(to now: Timestamp) { lastMark = lastMark.map { min($0, now) } }

    /// Frees the disk space of what lies more than `limit` bytes back; offsets stay as they are.
    ///
    /// Only up to the last stored screen: what follows it is read again after a restart.
    mutating func freeHead(of tap: FilePath, limit: Int64) throws {
        let end = min(committed - limit, lastKeyframe) & ~4095
        // A call for each read would cost more than the space is worth.
        guard end - freed >= max(4096, limit / 16) else { return }
        freed = end
        try TapHead.free(tap, upTo: end)
    }
}

extension ScreenSize {
    fileprivate init(_ size: TerminalSize) { self.init(columns: size.columns, rows: size.rows) }
}

/// The part of a tap that nobody needs any more.
enum TapHead {
    /// Gives the blocks before `end` back to the file system; the file keeps its length, and reads zeros there.
    static func free(_ tap: FilePath, upTo end: Int64) throws {
        let file = try FileDescriptor.open(tap, .writeOnly, options: [.closeOnExec])
        try file.closeAfter {
            guard clinux_punch_hole(file.rawValue, 0, end) == 0 else { throw Errno(rawValue: errno) }
        }
    }
}
