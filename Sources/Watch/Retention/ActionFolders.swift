internal import Core
internal import Glibc
internal import ProcessKit
internal import Store
internal import SystemPackage

/// The folder in which every attempt of a shell action has its own.
struct ActionFolders {
    let root: FilePath

    /// Deletes the folders of attempts that ended before a time; how many there were.
    ///
    /// Those of `open` actions stay: without its files an action that was done would be taken for one that never began.
    func sweep(before time: Timestamp, except open: [OutboxItem]) throws -> Int {
        let kept = Set(
            open.map { ShellActionFolder(item: $0.id, attempt: $0.attempt, under: root).path.lastComponent })
        var count = 0
        for name in Files.names(in: root) {
            let path = root.appending(name)
            // The status comes by rename, which changes the folder.
            guard !kept.contains(path.lastComponent), let changed = Files.modifiedAt(path), changed < time,
                try ShellActionFolder(path: path).fate() != .running
            else { continue }
            for file in Files.names(in: path) { try Files.remove(path.appending(file)) }
            guard unsafe rmdir(path.string) == 0 else { throw Errno(rawValue: errno) }
            count += 1
        }
        return count
    }
}
