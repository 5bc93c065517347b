public import Core
internal import Glibc
public import SystemPackage

/// Small files and folders, read and written whole.
public enum Files {
    /// The file's bytes, at most `limit`; nil when there is no such file.
    public static func read(_ path: FilePath, limit: Int = 16 << 20) throws -> [UInt8]? {
        let descriptor: FileDescriptor
        do {
            descriptor = try FileDescriptor.open(path, .readOnly, options: [.closeOnExec])
        } catch Errno.noSuchFileOrDirectory, Errno.notDirectory {
            return nil
        }
        return try descriptor.closeAfter {
            var bytes: [UInt8] = []
            var buffer = [UInt8](repeating: 0, count: 64 << 10)
            while bytes.count < limit {
                let count = try unsafe buffer.withUnsafeMutableBytes { try unsafe descriptor.read(into: $0) }
                if count == 0 { break }
                bytes += buffer[..<min(count, limit - bytes.count)]
            }
            return bytes
        }
    }

    /// As `read`, damaged UTF-8 replaced.
    public static func readText(_ path: FilePath, limit: Int = 16 << 20) throws -> String? {
        try read(path, limit: limit).map { String(decoding: $0, as: UTF8.self) }
    }

    /// Bytes from `offset` on, at most `limit`; empty at the end of the file.
    public static func read(_ path: FilePath, from offset: Int64, limit: Int) throws -> [UInt8] {
        let descriptor = try FileDescriptor.open(path, .readOnly, options: [.closeOnExec])
        return try descriptor.closeAfter {
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
    }

    /// Writes a new file and renames it over `path`: readers see the old text or the new, never half.
    public static func write(
        _ text: String, to path: FilePath, mode: FilePermissions = .init(rawValue: 0o644)
    ) throws {
        try write(Array(text.utf8), to: path, mode: mode)
    }

    /// As for a text.
    public static func write(
        _ bytes: [UInt8], to path: FilePath, mode: FilePermissions = .init(rawValue: 0o644)
    ) throws {
        let draft = FilePath(path.string + ".new-\(getpid())")
        let file = try FileDescriptor.open(
            draft, .writeOnly, options: [.create, .truncate, .closeOnExec, .noFollow], permissions: mode)
        do {
            _ = try file.closeAfter { try file.writeAll(bytes) }
            guard unsafe rename(draft.string, path.string) == 0 else { throw Errno(rawValue: errno) }
        } catch {
            unsafe unlink(draft.string)
            throw error
        }
    }

    /// Creates `path` with `text` unless it exists; false then.
    public static func create(
        _ path: FilePath, _ text: String, mode: FilePermissions = .init(rawValue: 0o644)
    ) throws(FileError) -> Bool {
        do {
            let file = try FileDescriptor.open(
                path, .writeOnly, options: [.create, .exclusiveCreate, .closeOnExec], permissions: mode)
            _ = try file.closeAfter { try file.writeAll(text.utf8) }
            return true
        } catch Errno.fileExists {
            return false
        } catch {
            throw FileError("write", path, error as? Errno ?? .ioError)
        }
    }

    /// Appends `text` with one write(2); the file is created when it is missing.
    public static func append(
        _ text: String, to path: FilePath, mode: FilePermissions = .init(rawValue: 0o600)
    ) throws(FileError) {
        try append(Array(text.utf8), to: path, mode: mode)
    }

    /// As `append` of a text.
    public static func append(
        _ bytes: [UInt8], to path: FilePath, mode: FilePermissions = .init(rawValue: 0o600)
    ) throws(FileError) {
        do {
            let file = try FileDescriptor.open(
                path, .writeOnly, options: [.create, .append, .closeOnExec], permissions: mode)
            _ = try file.closeAfter { try file.writeAll(bytes) }
        } catch {
            throw FileError("write", path, error as? Errno ?? .ioError)
        }
    }

    /// Makes `path` and the folders above it; folders that exist keep their permissions.
    public static func makeFolder(_ path: FilePath, mode: Int = 0o755) throws(FileError) {
        guard unsafe mkdir(path.string, mode_t(mode)) != 0 else { return }
        switch Errno(rawValue: errno) {
        case .fileExists where isFolder(path): return
        case .noSuchFileOrDirectory where path.components.count > 1:
            try makeFolder(path.removingLastComponent(), mode: mode)
            guard unsafe mkdir(path.string, mode_t(mode)) == 0 || errno == EEXIST else {
                throw FileError("make the folder", path, Errno(rawValue: errno))
            }
        case let other:
            throw FileError("make the folder", path, other, obstacle: obstacle(of: path, after: other))
        }
    }

    /// What is no folder, but stands where `path` needs one.
    private static func obstacle(of path: FilePath, after error: Errno) -> FilePath? {
        guard error == .fileExists || error == .notDirectory else { return nil }
        var place = path
        while !exists(place), place.lastComponent != nil { place.removeLastComponent() }
        return isFolder(place) ? nil : place
    }

    public static func exists(_ path: FilePath) -> Bool {
        var info = stat()
        return unsafe lstat(path.string, &info) == 0
    }

    public static func isFolder(_ path: FilePath) -> Bool {
        var info = stat()
        return unsafe stat(path.string, &info) == 0 && info.st_mode & S_IFMT == S_IFDIR
    }

    /// Bytes; nil when there is no such file.
    public static func size(_ path: FilePath) -> Int64? {
        var info = stat()
        return unsafe stat(path.string, &info) == 0 ? Int64(info.st_size) : nil
    }

    /// Bytes that the file takes on the disk, freed parts aside; nil when there is no such file.
    public static func diskUse(_ path: FilePath) -> Int64? {
        var info = stat()
        return unsafe lstat(path.string, &info) == 0 ? Int64(info.st_blocks) * 512 : nil
    }

    /// Which file it is, whatever it is called; nil when there is none.
    public struct Identity: Hashable, Sendable {
        var device: UInt
        var number: UInt
    }

    /// Nil when there is no such file.
    public static func identity(_ path: FilePath) -> Identity? {
        var info = stat()
        guard unsafe stat(path.string, &info) == 0 else { return nil }
        return Identity(device: UInt(info.st_dev), number: UInt(info.st_ino))
    }

    /// As for a path, of a file that is open.
    public static func identity(ofOpen descriptor: FileDescriptor) -> Identity? {
        var info = stat()
        guard unsafe fstat(descriptor.rawValue, &info) == 0 else { return nil }
        return Identity(device: UInt(info.st_dev), number: UInt(info.st_ino))
    }

    /// The path with every symbolic link followed; nil when there is no such file.
    public static func realPath(_ path: FilePath) -> FilePath? {
        guard let real = unsafe realpath(path.string, nil) else { return nil }
        defer { unsafe free(real) }
        return unsafe FilePath(String(cString: real))
    }

    /// When the file was last written to; nil when there is no such file.
    public static func modifiedAt(_ path: FilePath) -> Timestamp? {
        var info = stat()
        guard unsafe stat(path.string, &info) == 0 else { return nil }
        return Timestamp(
            milliseconds: Int64(info.st_mtim.tv_sec) * 1000 + Int64(info.st_mtim.tv_nsec) / 1_000_000)
    }

    /// What a symbolic link says; nil for anything else.
    public static func linkTarget(_ path: FilePath) -> String? {
        var buffer = [UInt8](repeating: 0, count: Int(PATH_MAX))
        let count = unsafe buffer.withUnsafeMutableBytes { bytes in
            let characters = unsafe bytes.bindMemory(to: CChar.self)
            guard let base = characters.baseAddress else { return -1 }
            return unsafe readlink(path.string, base, characters.count)
        }
        return count < 0 ? nil : String(decoding: buffer[..<count], as: UTF8.self)
    }

    /// Names in a folder without `.` and `..`, sorted; empty when there is no such folder.
    public static func names(in folder: FilePath) -> [String] {
        guard let stream = unsafe opendir(folder.string) else { return [] }
        defer { unsafe closedir(stream) }
        var names: [String] = []
        while let entry = unsafe readdir(stream) {
            let name = unsafe withUnsafePointer(to: &entry.pointee.d_name) { pointer in
                unsafe String(cString: UnsafeRawPointer(pointer).assumingMemoryBound(to: CChar.self))
            }
            if name != ".", name != ".." { names.append(name) }
        }
        return names.sorted()
    }

    /// Removes one file; a missing one is fine.
    public static func remove(_ path: FilePath) throws {
        guard unsafe unlink(path.string) == 0 || errno == ENOENT else { throw Errno(rawValue: errno) }
    }
}
