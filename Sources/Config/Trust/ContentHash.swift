public import Core
internal import Crypto
internal import Glibc
public import SystemPackage

/// A fingerprint of everything in a fleet's files that decides what is run.
///
/// Consent to setup commands holds for one fingerprint: a pull that changes a template, a policy or a script beside them
/// asks again. Trust does not hang on it: that is for a fleet and its path.
public enum ContentHash {
    /// SHA-256, in hexadecimal, over the files of `.tmuxagent/` and over the policy and templates where they lie elsewhere.
    ///
    /// Worktrees and logs are left out. Names, contents, the executable bit and the targets of symbolic links count; so
    /// does the content of a linked file. Over 64 MB or 10,000 files it throws, for then something else lies there.
    public static func ofFleet(
        _ configuration: FleetConfiguration, repository: FilePath
    ) throws(ConfigurationError) -> String {
        let folder = repository.appending(".tmuxagent")
        var walk = Walk(
            repository: repository,
            skipped: [folder.appending("worktrees"), folder.appending("logs"), configuration.worktree.root])
        try walk.add(folder)
        for path in [configuration.templatesFolder, configuration.watch.policy]
        where !path.isWithin(folder) {
            try walk.add(path)
        }
        return hex(walk.hash.finalize())
    }

    /// SHA-256 of a text, in hexadecimal.
    public static func of(_ text: String) -> String { hex(SHA256.hash(data: Array(text.utf8))) }

    private static func hex(_ digest: SHA256.Digest) -> String {
        let digits = Array("0123456789abcdef")
        return String(digest.flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] })
    }

    private struct Walk {
        let repository: FilePath
        let skipped: [FilePath]
        var hash = SHA256()
        var files = 0
        var bytes = 0

        mutating func add(_ path: FilePath, depth: Int = 0) throws(ConfigurationError) {
            guard !skipped.contains(path) else { return }
            var info = stat()
            guard unsafe lstat(path.string, &info) == 0 else {
                if errno == ENOENT { return }
                throw .unreadable(file: path.string, reason: Errno(rawValue: errno).description)
            }
            files += 1
            guard files <= 10_000, depth <= 32 else {
                throw .unreadable(
                    file: path.string, reason: "there are more files than a fleet's settings can have")
            }
            switch info.st_mode & S_IFMT {
            case S_IFDIR:
                try addFolder(path, depth: depth)
            case S_IFREG:
                mix("file", path, info.st_mode & 0o111 == 0 ? "" : "x")
                try addContent(of: path)
            case S_IFLNK:
                mix("link", path, target(of: path))
                // A link that leads nowhere, or to a folder or device, has no content that could be run from here.
                if unsafe stat(path.string, &info) == 0, info.st_mode & S_IFMT == S_IFREG {
                    try addContent(of: path)
                }
            default: mix("other", path, "")
            }
        }

        private mutating func addFolder(_ path: FilePath, depth: Int) throws(ConfigurationError) {
            let names: [String]
            do throws(Errno) {
                names = try FolderListing.names(in: path)
            } catch {
                throw .unreadable(file: path.string, reason: error.description)
            }
            for name in names { try add(path.appending(name), depth: depth + 1) }
        }

        private mutating func addContent(of path: FilePath) throws(ConfigurationError) {
            let limit = 64 << 20
            let content = try ConfigurationFile.bytes(at: path, shownAs: path.string, limit: limit)
            bytes += content.count
            guard bytes <= limit else {
                throw .unreadable(file: path.string, reason: "the fleet's files have more than 64 MB")
            }
            mix(content)
        }

        /// Every part goes in with its length, so that no two sets of files give the same bytes.
        private mutating func mix(_ kind: String, _ path: FilePath, _ detail: String) {
            var relative = path
            if relative.removePrefix(repository) { relative.root = nil }
            for part in [kind, relative.string, detail] { mix(Array(part.utf8)) }
        }

        private mutating func mix(_ bytes: [UInt8]) {
            hash.update(data: Array("\(bytes.count):".utf8))
            hash.update(data: bytes)
        }

        private func target(of path: FilePath) -> String {
            var buffer = [CChar](repeating: 0, count: Int(PATH_MAX) + 1)
            let count = unsafe readlink(path.string, &buffer, buffer.count - 1)
            return String(decoding: buffer.prefix(max(0, count)).map { UInt8(bitPattern: $0) }, as: UTF8.self)
        }
    }
}
