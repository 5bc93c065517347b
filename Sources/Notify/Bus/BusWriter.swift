public import Core
internal import Glibc
internal import ProcessKit
internal import SystemPackage

/// Appends whole lines to a file of the bus, beside any number of other writers; its calls block.
///
/// A lock (flock(2)) keeps lines whole and rotation between them. Others may append without it, by one write(2) a line:
/// what they leave unfinished becomes a line of its own, which readers skip.
public struct BusWriter: Sendable {
    let folder: BusFolder
    let limits: Limits

    /// When files are rotated, and what is kept.
    public struct Limits: Sendable {
        /// Bytes from which on the next line begins a new file.
        public var bytes: Int64
        /// Rotated files that stay, whether somebody still reads them or not.
        public var kept: Int
        /// More do not stay, even for a reader that is behind.
        public var most: Int
        /// How long another's lock is waited for; a writer needs it for microseconds.
        public var patience: Duration

        public init(
            bytes: Int64 = 8 << 20, kept: Int = 4, most: Int = 64, patience: Duration = .seconds(2)
        ) {
            self.bytes = bytes
            self.kept = kept
            self.most = most
            self.patience = patience
        }
    }

    public init(_ folder: BusFolder, limits: Limits = Limits()) {
        self.folder = folder
        self.limits = limits
    }

    /// Writes objects as one line each, all or none.
    public func append(_ objects: [JSONValue], to file: BusFile) throws {
        try folder.make()
        var bytes: [UInt8] = []
        for object in objects {
            bytes += object.serialized(sorted: true).utf8
            bytes.append(newline)
        }
        try append(bytes, to: file)
    }

    private let newline = UInt8(ascii: "\n")

    func append(_ bytes: [UInt8], to file: BusFile) throws {
        let path = folder.live(file)
        // The file may be rotated by others between opening and locking.
        while true {
            let descriptor = try FileDescriptor.open(
                path, .readWrite, options: [.create, .append, .closeOnExec, .noFollow],
                permissions: .ownerReadWrite)
            let isWritten = try descriptor.closeAfter {
                try lock(descriptor, path)
                var info = stat()
                guard unsafe fstat(descriptor.rawValue, &info) == 0 else { throw Errno(rawValue: errno) }
                guard Files.identity(path) == Files.identity(ofOpen: descriptor) else { return false }
                guard info.st_size < limits.bytes else {
                    try rotate(file)
                    return false
                }
                try write(bytes, to: descriptor, size: Int64(info.st_size))
                return true
            }
            if isWritten { return }
        }
    }

    /// A writer that is stopped must not stop all others.
    private func lock(_ descriptor: FileDescriptor, _ path: FilePath) throws {
        let deadline = ContinuousClock.now.advanced(by: limits.patience)
        var attempt = 0
        repeat {
            if flock(descriptor.rawValue, LOCK_EX | LOCK_NB) == 0 { return }
            guard errno == EWOULDBLOCK || errno == EINTR else { throw Errno(rawValue: errno) }
            usleep(attempt < 100 ? 50 : 1000)
            attempt += 1
        } while ContinuousClock.now < deadline
        throw BusError.locked(path)
    }

    private func write(_ lines: [UInt8], to descriptor: FileDescriptor, size: Int64) throws {
        var bytes = lines
        if size > 0 {
            var last: [UInt8] = [0]
            let count = try unsafe last.withUnsafeMutableBytes {
                try unsafe descriptor.read(fromAbsoluteOffset: size - 1, into: $0)
            }
            // Somebody died in the middle of a line.
            if count == 1, last[0] != newline { bytes.insert(newline, at: 0) }
        }
        let written = try unsafe bytes.withUnsafeBytes { try unsafe descriptor.write($0) }
        guard written == bytes.count else {
            // A full disk: nobody is to read half of it.
            _ = ftruncate(descriptor.rawValue, off_t(size))
            throw Errno.noSpace
        }
    }

    private func rotate(_ file: BusFile) throws {
        let generation = folder.liveGeneration(of: file)
        let (from, to) = (folder.live(file), folder.rotated(file, generation))
        guard unsafe rename(from.string, to.string) == 0 else { throw Errno(rawValue: errno) }
        let old = folder.generations(of: file).dropLast(limits.kept)
        let needed = readers(of: file).map(\.generation).min() ?? .max
        for (index, number) in old.enumerated() where number < needed || old.count - index > limits.most {
            try Files.remove(folder.rotated(file, number))
        }
    }

    /// Where the readers of the last month stand.
    private func readers(of file: BusFile) -> [BusPosition] {
        var time = timespec()
        unsafe clock_gettime(CLOCK_REALTIME, &time)
        return Files.names(in: folder.offsets).filter { $0.hasPrefix("\(file.rawValue).") }.compactMap {
            name in
            let path = folder.offsets.appending(name)
            guard let at = Files.modifiedAt(path), Int64(time.tv_sec) - at.milliseconds / 1000 < 30 * 86_400
            else { return nil }
            // A reader that cannot be understood begins anew.
            return (try? Files.readText(path, limit: 100)).flatMap { BusPosition($0) }
        }
    }
}
