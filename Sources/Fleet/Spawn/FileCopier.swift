internal import CLinux
internal import Glibc
internal import ProcessKit
internal import SystemPackage

/// Puts files of the main checkout into a new worktree.
enum FileCopier {
    /// Copies a file, or a folder with all below it; symbolic links are copied as links, modes are kept.
    static func copy(_ source: FilePath, to target: FilePath) throws {
        var info = stat()
        guard unsafe lstat(source.string, &info) == 0 else { throw Errno(rawValue: errno) }
        try Files.makeFolder(target.removingLastComponent())
        switch info.st_mode & S_IFMT {
        case S_IFDIR:
            try Files.makeFolder(target, mode: Int(info.st_mode & 0o777))
            for name in Files.names(in: source) {
                try copy(source.appending(name), to: target.appending(name))
            }
        case S_IFLNK:
            guard let leadsTo = Files.linkTarget(source) else { throw Errno(rawValue: errno) }
            try makeLink(to: leadsTo, at: target)
        case S_IFREG:
            try copyBytes(source, to: target, mode: FilePermissions(rawValue: info.st_mode & 0o777))
        default:
            break  // sockets and pipes mean nothing in a copy
        }
    }

    /// Makes a symbolic link to the main checkout's file or folder.
    static func link(_ source: FilePath, at target: FilePath) throws {
        try Files.makeFolder(target.removingLastComponent())
        try makeLink(to: source.string, at: target)
    }

    private static func makeLink(to destination: String, at target: FilePath) throws {
        guard unsafe symlink(destination, target.string) == 0 || errno == EEXIST else {
            throw Errno(rawValue: errno)
        }
    }

    private static func copyBytes(_ source: FilePath, to target: FilePath, mode: FilePermissions) throws {
        let input = try FileDescriptor.open(source, .readOnly, options: [.closeOnExec, .noFollow])
        try input.closeAfter {
            let output: FileDescriptor
            do {
                output = try FileDescriptor.open(
                    target, .writeOnly, options: [.create, .exclusiveCreate, .closeOnExec], permissions: mode)
            } catch Errno.fileExists {
                return  // the branch has a file of its own there
            }
            try output.closeAfter {
                while true {
                    let count = clinux_copy_range(input.rawValue, output.rawValue, 1 << 24)
                    if count == 0 { return }
                    if count < 0 { throw Errno(rawValue: errno) }
                }
            }
        }
    }
}
