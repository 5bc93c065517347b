public import Core
internal import Glibc
public import SystemPackage

/// The id that a repository carries.
public enum StoredFleetID: Sendable, Equatable {
    case own(FleetID)
    /// The id was made for a repository at another path: this one is a copy of it, or it was moved.
    case foreign(FleetID, from: FilePath)
}

extension GitRepository {
    /// The fleet id in `<common>/tmux-agent/id`; nil when there is none (files only).
    public func fleetID() throws(GitError) -> StoredFleetID? {
        let path = layout.ownFolder.appending("id")
        guard let text = Files.text(path) else {
            if Files.exists(path) { throw .fileSystem(operation: "read", path, .ioError) }
            return nil
        }
        let lines = text.split(separator: "\n", maxSplits: 1, omittingEmptySubsequences: false)
        guard lines.count == 2, !lines[0].isEmpty else {
            throw .fileSystem(operation: "understand", path, .invalidArgument)
        }
        let id = FleetID(String(lines[0]))
        // The rest is the path: it may hold line breaks itself.
        let home = FilePath(String(lines[1].hasSuffix("\n") ? lines[1].dropLast() : lines[1]))
        return home == layout.commonDirectory ? .own(id) : .foreign(id, from: home)
    }

    /// The fleet id of this repository, made with `make` if there is none yet.
    ///
    /// Of several processes that do this at once one makes it and all read the same. A copied or moved
    /// repository is reported as it is; `replaceFleetID` settles it.
    public func readOrCreateFleetID(make: @Sendable () -> FleetID) throws(GitError) -> StoredFleetID {
        if let stored = try fleetID() { return stored }
        _ = try Files.makeFolders(layout.ownFolder, mode: 0o700)
        let path = layout.ownFolder.appending("id")
        let id = make()
        // Named after the id, so that no two makers write the same draft.
        let draft = layout.ownFolder.appending("id.\(Slug.hash(id.rawValue))")
        try Files.write(text(id), to: draft)
        defer { unsafe unlink(draft.string) }
        // A hard link is made whole or not at all, and never in place of another.
        if unsafe link(draft.string, path.string) != 0, errno != EEXIST {
            throw .fileSystem(operation: "write", path, Errno(rawValue: errno))
        }
        guard let stored = try fleetID() else { throw .fileSystem(operation: "read", path, .ioError) }
        return stored
    }

    /// Gives this repository an id, in place of the one it was copied with or, for a moved one, the same.
    public func replaceFleetID(with id: FleetID) throws(GitError) {
        _ = try Files.makeFolders(layout.ownFolder, mode: 0o700)
        try Files.write(text(id), to: layout.ownFolder.appending("id"))
    }

    private func text(_ id: FleetID) -> String { "\(id)\n\(layout.commonDirectory)\n" }
}
