internal import CLinux
internal import Glibc
internal import ProcessKit
internal import SystemPackage

/// Puts files of the main checkout into a new worktree.
enum FileCopier {
    /// Copies a file, or a folder with all below it; symbolic links are copied as links, modes are kept.
    static func copy(_ source: FilePath, to target: FilePath) throws(FileError) {
        var info = stat()
        guard unsafe lstat(source.string, &info) == 0 else { throw FileError.last("read", source) }
        try Files.makeFolder(target.removingLastComponent())
        switch info.st_mode & S_IFMT {
        case S_IFDIR:
            try copyFolder(source, to: target, mode: info.st_mode & 0o777)
        case S_IFLNK:
            guard let leadsTo = Files.linkTarget(source) else { throw FileError.last("read", source) }
            try makeLink(to: leadsTo, at: target)
        case S_IFREG:
            try copyFile(source, to: target, mode: FilePermissions(rawValue: info.st_mode & 0o777))
        default:
            break  // sockets and pipes mean nothing in a copy
        }
    }

    /// Makes a symbolic link to the main checkout's file or folder.
    static func link(_ source: FilePath, at target: FilePath) throws(FileError) {
        try Files.makeFolder(target.removingLastComponent())
        try makeLink(to: source.string, at: target)
    }

    private static func makeLink(to destination: String, at target: FilePath) throws(FileError) {
        guard unsafe symlink(destination, target.string) == 0 || errno == EEXIST else {
            throw FileError.last("make the link", target)
        }
    }

    private static func copyFolder(_ source: FilePath, to target: FilePath, mode: mode_t) throws(FileError) {
        // Listing one that may not be read would look like an empty one.
        guard unsafe access(source.string, R_OK | X_OK) == 0 else { throw FileError.last("read", source) }
        let isNew = !Files.exists(target)
        try Files.makeFolder(target, mode: 0o700)
        for name in Files.names(in: source) {
            try copy(source.appending(name), to: target.appending(name))
        }
        // Its own mode may forbid to fill it.
        if isNew, unsafe chmod(target.string, mode) != 0 { throw FileError.last("set the mode of", target) }
    }

    private static func copyFile(_ source: FilePath, to target: FilePath, mode: FilePermissions)
        throws(FileError)
    {
        let input = try attempt("read", source) {
            try FileDescriptor.open(source, .readOnly, options: [.closeOnExec, .noFollow])
        }
        defer { try? input.close() }  // nothing was written to it
        let output: FileDescriptor
        do {
            output = try FileDescriptor.open(
                target, .writeOnly, options: [.create, .exclusiveCreate, .closeOnExec], permissions: mode)
        } catch Errno.fileExists {
            return  // the branch has a file of its own there
        } catch {
            throw FileError("write", target, error as? Errno ?? .ioError)
        }
        try attempt("write", target) {
            try output.closeAfter {
                if try !copyInKernel(input, output) { try copyBytes(input, output) }
            }
        }
    }

    /// False when the kernel does not copy between these two, such as files of different file systems.
    private static func copyInKernel(_ input: FileDescriptor, _ output: FileDescriptor) throws -> Bool {
        while true {
            let count = clinux_copy_range(input.rawValue, output.rawValue, 1 << 24)
            if count == 0 { return true }
            guard count < 0 else { continue }
            switch errno {
            case EINTR: continue
            case EXDEV, EINVAL, ENOSYS, EOPNOTSUPP: return false
            default: throw Errno(rawValue: errno)
            }
        }
    }

    /// From where both files stand to the end.
    private static func copyBytes(_ input: FileDescriptor, _ output: FileDescriptor) throws {
        var buffer = [UInt8](repeating: 0, count: 1 << 17)
        while true {
            let count = try unsafe buffer.withUnsafeMutableBytes { try unsafe input.read(into: $0) }
            if count == 0 { return }
            try output.writeAll(buffer[..<count])
        }
    }

    private static func attempt<Value>(
        _ operation: String, _ path: FilePath, _ body: () throws -> Value
    ) throws(FileError) -> Value {
        do {
            return try body()
        } catch {
            throw FileError(operation, path, error as? Errno ?? .ioError)
        }
    }
}

extension FileError {
    /// Of the call that just failed.
    fileprivate static func last(_ operation: String, _ path: FilePath) -> FileError {
        FileError(operation, path, Errno(rawValue: errno))
    }
}
