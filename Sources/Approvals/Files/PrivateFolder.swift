internal import Glibc
internal import SystemPackage

/// A folder whose files are read and written without following symbolic links in it.
///
/// Files are 0600, folders 0700. Writing replaces the whole file at once, so a reader never sees half of one.
struct PrivateFolder: ~Copyable {
    let path: FilePath
    private let descriptor: Int32

    /// Opens the folder at `path`, which a person chose; makes it and what is missing above it.
    init(making path: FilePath) throws(ApprovalsError) {
        try Self.make(path)
        let descriptor = unsafe Glibc.open(path.string, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard descriptor >= 0 else { throw Self.failure(path) }
        self.path = path
        self.descriptor = descriptor
    }

    /// Opens the folder `name` inside `parent`; a symbolic link in its place is refused.
    init(_ name: String, in parent: borrowing PrivateFolder) throws(ApprovalsError) {
        let path = parent.path.appending(name)
        guard unsafe mkdirat(parent.descriptor, name, 0o700) == 0 || errno == EEXIST else {
            throw Self.failure(path)
        }
        let flags = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC
        let descriptor = unsafe openat(parent.descriptor, name, flags)
        guard descriptor >= 0 else { throw Self.failure(path) }
        self.path = path
        self.descriptor = descriptor
    }

    deinit { Glibc.close(descriptor) }

    /// The first 64 KiB of a file; nil when there is none, or something else than a plain file has its name.
    func read(_ name: String) throws(ApprovalsError) -> String? {
        let file = unsafe openat(descriptor, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC)
        guard file >= 0 else {
            if [ENOENT, ELOOP, ENXIO].contains(errno) { return nil }
            throw Self.failure(path.appending(name))
        }
        defer { Glibc.close(file) }
        var info = stat()
        guard unsafe fstat(file, &info) == 0, info.st_mode & S_IFMT == S_IFREG else { return nil }
        var bytes: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 65536)
        while bytes.count < 65536 {
            let count = unsafe Glibc.read(file, &chunk, 65536 - bytes.count)
            if count == 0 { break }
            guard count > 0 else {
                if errno == EINTR { continue }
                throw Self.failure(path.appending(name))
            }
            bytes += chunk[..<count]
        }
        return String(decoding: bytes, as: UTF8.self)
    }

    /// Puts `text` in the place of whatever has that name.
    func replace(_ name: String, with text: String) throws(ApprovalsError) {
        let temporary = ".\(name.utf8.count > 200 ? "approval" : name).\(getpid()).new"
        let flags = O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC
        // Left by a process of this number that was killed here.
        _ = unsafe unlinkat(descriptor, temporary, 0)
        let file = unsafe openat(descriptor, temporary, flags, 0o600)
        guard file >= 0 else { throw Self.failure(path.appending(name)) }
        defer { Glibc.close(file) }
        guard Self.write(text, to: file), unsafe renameat(descriptor, temporary, descriptor, name) == 0 else {
            let failure = Self.failure(path.appending(name))
            _ = unsafe unlinkat(descriptor, temporary, 0)
            throw failure
        }
    }

    /// Adds `text` at the end of an existing plain file.
    func append(_ text: String, to name: String) throws(ApprovalsError) {
        let file = unsafe openat(
            descriptor, name, O_WRONLY | O_APPEND | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC)
        guard file >= 0 else { throw Self.failure(path.appending(name)) }
        defer { Glibc.close(file) }
        guard Self.write(text, to: file) else { throw Self.failure(path.appending(name)) }
    }

    /// Deletes a file; one that is gone already is no error.
    func remove(_ name: String) throws(ApprovalsError) {
        guard unsafe unlinkat(descriptor, name, 0) == 0 || errno == ENOENT else {
            throw Self.failure(path.appending(name))
        }
    }

    /// Names that end in `.txt` and do not begin with a dot.
    func names() throws(ApprovalsError) -> [String] {
        let copy = unsafe openat(descriptor, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard copy >= 0, let stream = unsafe fdopendir(copy) else { throw Self.failure(path) }
        defer { unsafe closedir(stream) }
        var names: [String] = []
        while let entry = unsafe readdir(stream) {
            let name = unsafe withUnsafePointer(to: &entry.pointee.d_name) { pointer in
                unsafe String(cString: UnsafeRawPointer(pointer).assumingMemoryBound(to: CChar.self))
            }
            if name.hasSuffix(".txt"), !name.hasPrefix(".") { names.append(name) }
        }
        return names.sorted()
    }

    private static func write(_ text: String, to file: Int32) -> Bool {
        let bytes = Array(text.utf8)
        var done = 0
        while done < bytes.count {
            let count = unsafe bytes.withUnsafeBytes { buffer in
                unsafe Glibc.write(file, buffer.baseAddress?.advanced(by: done), bytes.count - done)
            }
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { return false }
            done += count
        }
        return true
    }

    private static func make(_ path: FilePath) throws(ApprovalsError) {
        if unsafe mkdir(path.string, 0o700) == 0 || errno == EEXIST { return }
        let parent = path.removingLastComponent()
        guard errno == ENOENT, !parent.isEmpty, parent != path else { throw failure(path) }
        try make(parent)
        guard unsafe mkdir(path.string, 0o700) == 0 || errno == EEXIST else { throw failure(path) }
    }

    private static func failure(_ path: FilePath) -> ApprovalsError {
        let reason =
            switch errno {
            case ELOOP: "it is a symbolic link"
            case ENOTDIR: "it is not a folder"
            default: Errno(rawValue: errno).description
            }
        return .filesUnusable(path: path, reason: reason)
    }
}
