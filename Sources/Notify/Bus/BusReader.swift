internal import Core
internal import Glibc
internal import ProcessKit
internal import SystemPackage

/// Reads a file of the bus on from where it stopped, through rotations; its calls block.
///
/// Each name has an offset of its own. A line is read when it is whole. Who commits after acting sees a line again after a
/// crash, with the same id.
public struct BusReader: Sendable {
    public let folder: BusFolder
    public let file: BusFile
    public let name: String

    /// Longer lines are skipped.
    public static let mostBytes = 1 << 20

    public init(_ folder: BusFolder, _ file: BusFile, name: String) {
        self.folder = folder
        self.file = file
        self.name = name
    }

    /// Lines with the place behind them.
    public struct Batch: Sendable, Equatable {
        public var lines: [BusLine] = []
        /// Where the next batch begins.
        public var end: BusPosition
        /// Lines that were too long, or unfinished for ever.
        public var skipped = 0
        /// Files that were removed before they were read.
        public var isGap = false
        /// The file was emptied, cut or removed by hand; what is there now is read from its beginning.
        public var isCut = false
    }

    /// Where this name stands; nil for one that never read.
    public func position() throws -> BusPosition? {
        try Files.readText(folder.offset(of: name, in: file), limit: 100).flatMap { BusPosition($0) }
    }

    /// Everything before `position` is done with.
    public func commit(_ position: BusPosition) throws {
        try Files.makeFolder(folder.offsets, mode: 0o700)
        try Files.write(position.text, to: folder.offset(of: name, in: file), mode: .ownerReadWrite)
    }

    /// The place before the oldest line that is still there.
    public func beginning() -> BusPosition {
        let first = folder.generations(of: file).first ?? folder.liveGeneration(of: file)
        return BusPosition(generation: first, offset: 0)
    }

    /// Whether the file holds nothing, and nothing of it was rotated.
    public var isEmpty: Bool {
        (Files.size(folder.live(file)) ?? 0) == 0 && folder.generations(of: file).isEmpty
    }

    /// Whole lines from `position` on, some hundred kilobytes; empty when there are none.
    public func read(from position: BusPosition) throws -> Batch {
        var batch = Batch(end: position)
        while true {
            let live = folder.liveGeneration(of: file)
            if batch.end.generation > live {
                // Somebody emptied the folder: what is there now is new.
                batch.end = beginning()
                batch.isGap = true
                continue
            }
            let isLive = batch.end.generation == live
            let path = isLive ? folder.live(file) : folder.rotated(file, batch.end.generation)
            guard let open = OpenFile(path) else {
                // Rotated in between: the next one is not there yet.
                guard folder.liveGeneration(of: file) == live else { continue }
                guard !isLive else {
                    beginAgain(&batch)
                    return batch
                }
                batch.isGap = true
                nextGeneration(&batch, live)
                continue
            }
            // Rotated in between: the name means another file by now.
            guard folder.liveGeneration(of: file) == live else { continue }
            try fill(&batch, from: open, isFinal: !isLive)
            if isLive || !batch.lines.isEmpty { return batch }
            nextGeneration(&batch, live)
        }
    }

    private func nextGeneration(_ batch: inout Batch, _ live: Int) {
        let there = folder.generations(of: file).first { $0 > batch.end.generation } ?? live
        batch.end = BusPosition(generation: there, offset: 0)
    }

    /// The file is not the one that was read.
    private func beginAgain(_ batch: inout Batch) {
        guard batch.end.offset > 0 else { return }
        batch.end.offset = 0
        batch.isCut = true
    }

    /// Takes what one read gives; at the end of a file that nobody writes to any more, an unfinished line is skipped.
    private func fill(_ batch: inout Batch, from open: OpenFile, isFinal: Bool) throws {
        let size = open.size
        // Behind every line that was read stands its end, unless it is another file by now.
        if try size < batch.end.offset || (!isFinal && !open.isLineStart(batch.end.offset)) {
            beginAgain(&batch)
        }
        while batch.lines.isEmpty, batch.end.offset < size {
            let bytes = try open.read(
                from: batch.end.offset, limit: min(Self.mostBytes, Int(size - batch.end.offset)))
            guard let last = bytes.lastIndex(of: newline) else {
                guard bytes.count == Self.mostBytes || isFinal else { return }
                // Too long, or never finished.
                guard let end = try open.lineEnd(after: batch.end.offset) else {
                    guard isFinal else { return }
                    batch.skipped += 1
                    batch.end.offset = size
                    return
                }
                batch.skipped += 1
                batch.end.offset = end
                continue
            }
            var start = 0
            let base = batch.end
            while start <= last, let end = bytes[start...].firstIndex(of: newline) {
                if end > start {
                    batch.lines.append(
                        BusLine(
                            bytes[start..<end],
                            from: BusPosition(
                                generation: base.generation, offset: base.offset + Int64(start)),
                            to: BusPosition(
                                generation: base.generation, offset: base.offset + Int64(end) + 1)))
                }
                start = end + 1
            }
            batch.end.offset = base.offset + Int64(start)
        }
    }

    private let newline = UInt8(ascii: "\n")
}

/// A file that stays the same one while it is read, whatever it is called meanwhile.
private final class OpenFile {
    private let descriptor: FileDescriptor

    init?(_ path: FilePath) {
        guard let open = try? FileDescriptor.open(path, .readOnly, options: [.closeOnExec]) else {
            return nil
        }
        descriptor = open
    }

    deinit { try? descriptor.close() }  // only read

    var size: Int64 {
        var info = stat()
        return unsafe fstat(descriptor.rawValue, &info) == 0 ? Int64(info.st_size) : 0
    }

    func read(from offset: Int64, limit: Int) throws -> [UInt8] {
        var filled = 0
        return try unsafe [UInt8](unsafeUninitializedCapacity: limit) { buffer, initialized in
            defer { initialized = filled }
            while filled < limit {
                let rest = unsafe UnsafeMutableRawBufferPointer(
                    rebasing: UnsafeMutableRawBufferPointer(buffer)[filled...])
                let count = try unsafe descriptor.read(
                    fromAbsoluteOffset: offset + Int64(filled), into: rest)
                if count == 0 { break }
                filled += count
            }
        }
    }

    func isLineStart(_ offset: Int64) throws -> Bool {
        guard offset > 0 else { return true }
        return try read(from: offset - 1, limit: 1) == [UInt8(ascii: "\n")]
    }

    /// The place behind the next newline; nil when there is none yet.
    func lineEnd(after offset: Int64) throws -> Int64? {
        var place = offset
        while true {
            let bytes = try read(from: place, limit: BusReader.mostBytes)
            if bytes.isEmpty { return nil }
            if let end = bytes.firstIndex(of: UInt8(ascii: "\n")) { return place + Int64(end) + 1 }
            place += Int64(bytes.count)
        }
    }
}
