import Glibc
import SystemPackage

/// Blocks of 512 bytes that a file takes on the disk.
func blocks(_ path: FilePath) throws -> Int {
    var info = stat()
    guard stat(path.string, &info) == 0 else { throw Errno(rawValue: errno) }
    return Int(info.st_blocks)
}
