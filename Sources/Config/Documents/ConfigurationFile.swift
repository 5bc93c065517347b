internal import Glibc
public import SystemPackage

/// Reads configuration files from disk.
public enum ConfigurationFile {
    /// The bytes of a regular file; one byte more than `limit` at most, so that readers see that it is too long.
    ///
    /// A pipe or a device is refused instead of read, for it could make the reader wait for ever.
    public static func bytes(
        at path: FilePath, shownAs name: String, limit: Int = DocumentLimits.standard.bytes
    ) throws(ConfigurationError) -> [UInt8] {
        let descriptor = unsafe open(path.string, O_RDONLY | O_NONBLOCK | O_CLOEXEC)
        guard descriptor >= 0 else { throw failure(errno, name) }
        defer { close(descriptor) }
        var info = stat()
        guard unsafe fstat(descriptor, &info) == 0 else { throw failure(errno, name) }
        guard info.st_mode & S_IFMT == S_IFREG else {
            throw .unreadable(file: name, reason: "it is not a regular file")
        }
        var bytes: [UInt8] = []
        while bytes.count <= limit {
            var chunk = [UInt8](repeating: 0, count: min(65_536, limit + 1 - bytes.count))
            let count = unsafe read(descriptor, &chunk, chunk.count)
            if count == 0 { break }
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { throw failure(errno, name) }
            bytes += chunk.prefix(count)
        }
        return bytes
    }

    private static func failure(_ code: Int32, _ name: String) -> ConfigurationError {
        if code == ENOENT || code == ENOTDIR { return .notFound(file: name) }
        return .unreadable(file: name, reason: Errno(rawValue: code).description)
    }
}
