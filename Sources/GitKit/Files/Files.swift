internal import Core
internal import Glibc
internal import ProcessKit
internal import SystemPackage

/// The few file calls that the room needs, as values and `GitError`s.
///
/// All of them block.
enum Files {
    /// Nil when nothing is there; symbolic links are not followed.
    static func kind(_ path: FilePath) -> mode_t? {
        var info = stat()
        return unsafe lstat(path.string, &info) == 0 ? info.st_mode & S_IFMT : nil
    }

    static func exists(_ path: FilePath) -> Bool { kind(path) != nil }
    static func isFolder(_ path: FilePath) -> Bool { kind(path) == S_IFDIR }

    /// The names in a folder, sorted; empty when there is no such folder.
    static func names(in folder: FilePath) -> [String] { ProcessKit.Files.names(in: folder) }

    /// The path with every symbolic link resolved; parts that do not exist yet stay as they are.
    static func real(_ path: FilePath) -> FilePath {
        var existing = path.normalized
        var missing: [FilePath.Component] = []
        while true {
            if let resolved = unsafe realpath(existing.string, nil) {
                defer { unsafe free(resolved) }
                var result = unsafe FilePath(String(cString: resolved))
                for component in missing.reversed() { result.append(component) }
                return result
            }
            guard let last = existing.lastComponent else { return path }
            missing.append(last)
            existing.removeLastComponent()
        }
    }

    /// True when something is at `path`.
    ///
    /// For loops over many files: making a `FilePath` costs more than the question.
    static func exists(_ path: String) -> Bool {
        var info = stat()
        return unsafe lstat(path, &info) == 0
    }

    /// The file's bytes as text; nil when there is none or it is longer than 64 KiB.
    static func text(_ path: String) -> String? {
        let file = unsafe open(path, O_RDONLY | O_CLOEXEC)
        guard file >= 0 else { return nil }
        defer { close(file) }
        var bytes: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 4096)
        while bytes.count <= 65_536 {
            let got = unsafe read(file, &chunk, chunk.count)
            if got < 0 { return nil }
            if got == 0 { return String(decoding: bytes, as: UTF8.self) }
            bytes += chunk[..<got]
        }
        return nil
    }

    static func text(_ path: FilePath) -> String? { text(path.string) }
    static func line(_ path: FilePath) -> String? { line(path.string) }

    /// The file's text without the newline at its end.
    static func line(_ path: String) -> String? {
        guard var text = text(path) else { return nil }
        while text.last?.isNewline == true { text.removeLast() }
        return text
    }

    /// Writes the whole file or leaves the old one: a reader never sees half of it.
    static func write(_ text: String, to path: FilePath, permissions: FilePermissions = [.ownerReadWrite])
        throws(GitError)
    {
        do {
            try ProcessKit.Files.write(text, to: path, mode: permissions)
        } catch {
            throw .fileSystem(operation: "write", path, (error as? Errno) ?? .ioError)
        }
    }

    /// Makes `folder` and what is missing above it; the answer is what was made, outermost first.
    static func makeFolders(_ folder: FilePath, mode: mode_t = 0o777) throws(GitError) -> [FilePath] {
        var missing: [FilePath] = []
        var path = folder
        while !exists(path), path.lastComponent != nil {
            missing.append(path)
            path.removeLastComponent()
        }
        var made: [FilePath] = []
        for path in missing.reversed() {
            if unsafe mkdir(path.string, mode) == 0 {
                made.append(path)
            } else if errno != EEXIST {
                let reason = Errno(rawValue: errno)
                for path in made.reversed() { unsafe rmdir(path.string) }
                throw .fileSystem(operation: "make the folder", path, reason)
            }
        }
        return made
    }

    /// Copies a file's bytes; without a source there is no copy, and no error.
    static func copy(_ source: FilePath, to target: FilePath) throws(GitError) {
        do {
            let input = try FileDescriptor.open(source, .readOnly, options: [.closeOnExec])
            try input.closeAfter {
                let output = try FileDescriptor.open(
                    target, .writeOnly, options: [.create, .truncate, .closeOnExec],
                    permissions: [.ownerReadWrite])
                try output.closeAfter {
                    var buffer = [UInt8](repeating: 0, count: 1 << 16)
                    while true {
                        let got = try unsafe buffer.withUnsafeMutableBytes { try unsafe input.read(into: $0) }
                        if got == 0 { return }
                        try output.writeAll(buffer[..<got])
                    }
                }
            }
        } catch {
            guard (error as? Errno) != .noSuchFileOrDirectory else { return }
            throw .fileSystem(operation: "copy", source, (error as? Errno) ?? .ioError)
        }
    }

    static func removeFile(_ path: FilePath) throws(GitError) {
        if unsafe unlink(path.string) != 0, errno != ENOENT {
            throw .fileSystem(operation: "remove", path, Errno(rawValue: errno))
        }
    }

    /// Removes `folder` and all below it; symbolic links are removed, not followed.
    ///
    /// Folders without write permission are made writable first. The entry named `last` goes when the others
    /// are gone, so that an interrupted removal still shows what the folder was.
    static func removeTree(_ folder: FilePath, last: String? = nil) throws(GitError) {
        guard let kind = kind(folder) else { return }
        guard kind == S_IFDIR else { return try removeFile(folder) }
        unsafe chmod(folder.string, 0o700)
        for name in names(in: folder) where name != last { try removeTree(folder.appending(name)) }
        if let last { try removeTree(folder.appending(last)) }
        if unsafe rmdir(folder.string) != 0, errno != ENOENT {
            throw .fileSystem(operation: "remove the folder", folder, Errno(rawValue: errno))
        }
    }
}
