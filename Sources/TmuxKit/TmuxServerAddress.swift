internal import Glibc
public import SystemPackage

/// Where a tmux server listens.
public struct TmuxServerAddress: Hashable, Sendable, CustomStringConvertible {
    /// The bytes that a Unix socket path can have (`sun_path` without its end mark).
    public static let limit = 107

    public let path: FilePath
    /// The folder that tmux itself would make for a `-L` name; nil for a path that was given.
    let folderToMake: FilePath?

    public var description: String { path.string }

    /// A socket at a path, as tmux's `-S`.
    public init(path: FilePath) throws(TmuxError) {
        try self.init(path: path, folderToMake: nil)
    }

    private init(path: FilePath, folderToMake: FilePath?) throws(TmuxError) {
        guard path.string.utf8.count <= Self.limit else { throw .socketPathTooLong(path: path.string) }
        self.path = path
        self.folderToMake = folderToMake
    }

    /// The socket that tmux uses for `-L name`, or for the user's own server when `name` is empty.
    ///
    /// `TMUX` is not looked at: a command that runs inside some tmux means the user's server all the same.
    public static func named(_ name: String, environment: [String: String], userID: UInt32)
        throws(TmuxError) -> TmuxServerAddress
    {
        // As tmux does: the first of TMUX_TMPDIR and /tmp that exists, with symbolic links resolved.
        let candidates = [environment["TMUX_TMPDIR"], "/tmp"].compactMap(\.self).filter { !$0.isEmpty }
        let base = candidates.lazy.compactMap(resolved).first ?? "/tmp"
        let folder = FilePath(base).appending("tmux-\(userID)")
        return try TmuxServerAddress(
            path: folder.appending(name.isEmpty ? "default" : name), folderToMake: folder)
    }

    /// Makes the folder of the default sockets as tmux makes it: 0700, ours, not a link.
    func prepareFolder() throws(TmuxError) {
        guard let folder = folderToMake else { return }
        if unsafe mkdir(folder.string, 0o700) == 0 { return }
        var info = stat()
        guard unsafe lstat(folder.string, &info) == 0, info.st_mode & S_IFMT == S_IFDIR,
            info.st_uid == getuid(), info.st_mode & 0o007 == 0
        else { throw .unsafeSocketFolder(path: folder.string) }
    }

    private static func resolved(_ path: String) -> String? {
        guard let real = unsafe realpath(path, nil) else { return nil }
        defer { unsafe free(real) }
        return unsafe String(cString: real)
    }
}
