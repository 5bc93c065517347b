internal import Glibc
internal import ProcessKit
internal import SystemPackage

/// Tells files that `spawn` copied or linked into a worktree from those that somebody made there.
///
/// The main checkout's rules ignore them, the branch's own need not: `node_modules/` in `.gitignore` does not match a
/// link of that name, and an older branch may lack the line.
struct PlacedFiles {
    let main: FilePath
    let worktree: FilePath

    /// True when the path, as git names it (folders with a closing `/`), is a link to the main checkout's own or has
    /// the same bytes as the file there, so that nothing is lost with it.
    func isPlaced(_ path: String) -> Bool {
        let relative = FilePath(path.hasSuffix("/") ? String(path.dropLast()) : path)
        return isSame(worktree.pushing(relative), main.pushing(relative))
    }

    private func isSame(_ own: FilePath, _ original: FilePath) -> Bool {
        if let target = Files.linkTarget(own) {
            return target == original.string || target == Files.linkTarget(original)
        }
        if Files.isFolder(own) {
            let names = Files.names(in: own)
            guard Files.isFolder(original), Files.linkTarget(original) == nil else { return false }
            return names.allSatisfy { isSame(own.appending($0), original.appending($0)) }
        }
        guard let size = Files.size(own), size == Files.size(original), size <= Self.limit,
            let bytes = try? Files.read(own, limit: Self.limit),
            let others = try? Files.read(original, limit: Self.limit)
        else { return false }  // what cannot be compared counts as somebody's
        return bytes == others
    }

    /// Larger files are not read to find out: they count as somebody's.
    private static let limit = 16 << 20

    /// The path with symbolic links resolved; itself when it is not there.
    static func real(_ path: FilePath) -> FilePath {
        guard let real = unsafe realpath(path.string, nil) else { return path }
        defer { unsafe free(real) }
        return unsafe FilePath(String(cString: real))
    }
}
