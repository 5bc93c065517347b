internal import Glibc
internal import Synchronization
public import SystemPackage

/// Runs `body` with an empty folder of its own and removes the folder afterwards, whatever happens.
///
/// The path is short (`/tmp/ta-<pid>-<n>`), because a tmux socket path holds at most 107 bytes. Folders of test
/// processes that were killed are removed by the next run.
public func withTemporaryFolder<Result>(
    isolation: isolated (any Actor)? = #isolation, _ body: (FilePath) async throws -> Result
) async throws -> Result {
    reapOnce()
    let number = counter.withLock { value in
        value += 1
        return value
    }
    let folder = FilePath("/tmp/ta-\(getpid())-\(number)")
    guard mkdir(folder.string, 0o700) == 0 else { throw Errno(rawValue: errno) }
    defer { removeTree(folder) }
    return try await body(folder)
}

private let counter = Mutex(0)
private let reaped = Mutex(false)

/// Removes what an earlier test process left behind when it was killed.
private func reapOnce() {
    reaped.withLock { done in
        guard !done else { return }
        done = true
        for name in entries(of: "/tmp") where name.hasPrefix("ta-") {
            let parts = name.split(separator: "-")
            guard parts.count == 3, let pid = Int32(parts[1]), kill(pid, 0) != 0, errno == ESRCH else {
                continue
            }
            removeTree(FilePath("/tmp/\(name)"))
        }
    }
}

private func entries(of folder: String) -> [String] {
    guard let stream = opendir(folder) else { return [] }
    defer { closedir(stream) }
    var names: [String] = []
    while let entry = readdir(stream) {
        let name = withUnsafePointer(to: &entry.pointee.d_name) { pointer in
            String(cString: UnsafeRawPointer(pointer).assumingMemoryBound(to: CChar.self))
        }
        if name != ".", name != ".." { names.append(name) }
    }
    return names
}

/// Removes `folder` and all below it; symbolic links are removed, not followed.
public func removeTree(_ folder: FilePath) {
    var info = stat()
    guard lstat(folder.string, &info) == 0 else { return }
    guard info.st_mode & S_IFMT == S_IFDIR else {
        unlink(folder.string)
        return
    }
    chmod(folder.string, 0o700)
    for name in entries(of: folder.string) { removeTree(folder.appending(name)) }
    rmdir(folder.string)
}
