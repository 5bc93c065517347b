internal import CLinux
internal import Glibc
internal import SystemPackage

/// An anonymous file in memory (memfd_create(2)), closed with its last owner.
final class MemoryFile: Sendable {
    let descriptor: FileDescriptor

    init() throws {
        let raw = unsafe clinux_memory_file("tmux-agent")
        guard raw >= 0 else { throw Errno(rawValue: errno) }
        descriptor = FileDescriptor(rawValue: raw)
    }

    convenience init(containing bytes: [UInt8]) throws {
        try self.init()
        try descriptor.writeAll(bytes)
        try descriptor.seek(offset: 0, from: .start)
    }

    deinit { try? descriptor.close() }  // nothing was promised to last

    /// The first `limit` bytes, and whether there were more.
    ///
    /// Reads without moving the shared offset.
    func contents(limit: Int) throws -> ([UInt8], isTruncated: Bool) {
        let size = Int(lseek(descriptor.rawValue, 0, SEEK_END))
        let count = min(size, limit)
        var filled = 0
        let bytes = try unsafe [UInt8](unsafeUninitializedCapacity: count) { buffer, initialized in
            while filled < count {
                let rest = unsafe UnsafeMutableRawBufferPointer(
                    rebasing: UnsafeMutableRawBufferPointer(buffer)[filled...])
                let got = try unsafe descriptor.read(fromAbsoluteOffset: Int64(filled), into: rest)
                if got == 0 { break }
                filled += got
            }
            initialized = filled
        }
        return (bytes, size > limit)
    }
}
