internal import Core
internal import GRDB
internal import Glibc
internal import SystemPackage

/// Makes the database's file (0600) and its folders (0700) when they are missing, and closes it to others.
///
/// An existing file is never opened here: closing any descriptor of it would drop the locks that this process's
/// other connections hold.
func createPrivately(_ path: FilePath) throws(StoreError) {
    let folder = path.removingLastComponent()
    if !folder.isEmpty { try createFolder(folder, for: path) }
    let descriptor = unsafe open(path.string, O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC | O_WRONLY, 0o600)
    if descriptor >= 0 {
        Glibc.close(descriptor)
        return
    }
    let reason = Errno(rawValue: errno)
    guard reason == .fileExists else { throw .cannotOpen(path: path, reason: "\(reason)") }
    var info = stat()
    guard unsafe stat(path.string, &info) == 0 else {
        throw .cannotOpen(path: path, reason: "it is a symbolic link to nothing")
    }
    switch info.st_mode & S_IFMT {
    case S_IFREG: break
    case S_IFDIR: throw .cannotOpen(path: path, reason: "it is a folder")
    default: throw .cannotOpen(path: path, reason: "it is not a regular file")
    }
    if info.st_uid == geteuid(), info.st_mode & 0o077 != 0 {
        _ = unsafe chmod(path.string, info.st_mode & 0o700)
    }
}

/// True when opening the database at `path` will write: it is new, or its write-ahead log is gone.
func isWrittenByOpening(_ path: FilePath) -> Bool {
    [path.string, path.string + "-wal"].contains { name in
        var info = stat()
        return unsafe stat(name, &info) != 0 || info.st_size == 0
    }
}

/// Makes `folder` and what is missing above it, each closed to others; existing ones stay as they are.
private func createFolder(_ folder: FilePath, for path: FilePath) throws(StoreError) {
    var info = stat()
    if unsafe stat(folder.string, &info) == 0 {
        guard info.st_mode & S_IFMT == S_IFDIR else {
            throw .cannotOpen(path: path, reason: "\(folder) is not a folder")
        }
        return
    }
    let parent = folder.removingLastComponent()
    if !parent.isEmpty, parent != folder { try createFolder(parent, for: path) }
    guard unsafe mkdir(folder.string, 0o700) == 0 || errno == EEXIST else {
        throw .cannotOpen(path: path, reason: "\(folder): \(Errno(rawValue: errno))")
    }
}

/// Runs `body` while no other process migrates or moves the database at `path`.
///
/// The lock is on a file beside the database, because SQLite's own locks end with each of its transactions.
func withOpeningLock<Value>(_ path: FilePath, _ body: () throws -> Value) throws -> Value {
    let lock = path.string + "-lock"
    let descriptor = unsafe open(lock, O_CREAT | O_NOFOLLOW | O_CLOEXEC | O_RDWR, 0o600)
    guard descriptor >= 0 else {
        throw StoreError.cannotOpen(path: FilePath(lock), reason: "\(Errno(rawValue: errno))")
    }
    defer { Glibc.close(descriptor) }
    while flock(descriptor, LOCK_EX) != 0 {
        guard errno == EINTR else {
            throw StoreError.cannotOpen(path: FilePath(lock), reason: "\(Errno(rawValue: errno))")
        }
    }
    return try body()
}

extension Store {
    /// Renames the Python tool's database and its side files; nil when another process did it first.
    static func moveAside(_ path: FilePath, now: Timestamp) throws(StoreError) -> FilePath? {
        do {
            return try withOpeningLock(path) {
                guard try isPython(path) else { return nil }
                let target = try freeName(path.string + ".python-" + now.iso8601.prefix(10))
                for suffix in ["-wal", "-shm", "-journal", ""] {
                    guard unsafe rename(path.string + suffix, target + suffix) == 0 || !suffix.isEmpty else {
                        throw StoreError.cannotOpen(path: path, reason: "\(Errno(rawValue: errno))")
                    }
                }
                return FilePath(target)
            }
        } catch {
            throw StoreError(error, path: path)
        }
    }

    /// Looks again under the lock: another process may have moved the file and made ours in its place.
    private static func isPython(_ path: FilePath) throws -> Bool {
        var configuration = Configuration()
        configuration.busyMode = .timeout(5)
        let queue = try DatabaseQueue(path: path.string, configuration: configuration)
        do {
            try queue.read(ForeignDatabase.check)
            return false
        } catch ForeignDatabase.python {
            return true
        }
    }

    private static func freeName(_ wanted: String) throws -> String {
        var name = wanted
        var number = 1
        var info = stat()
        while unsafe lstat(name, &info) == 0 {
            number += 1
            name = "\(wanted)-\(number)"
        }
        return name
    }
}
