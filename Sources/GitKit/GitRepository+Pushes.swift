public import Core
internal import ProcessKit
public import SystemPackage

/// A push that moved our picture of a remote's branch.
public struct RecordedPush: Sendable, Equatable {
    public var remote: String
    /// The branch's name there.
    public var branch: String
    public var commit: CommitID
    public var at: Timestamp
}

/// How the logs of remote-tracking branches look from outside: another value when one of them changed.
public struct PushLogs: Equatable, Sendable {
    fileprivate struct Log: Equatable {
        var path: FilePath
        var size: Int64?
        var modifiedAt: Timestamp?
    }

    fileprivate var logs: [Log]
}

extension GitRepository {
    /// The commit that is checked out at `worktree`; nil before the first commit.
    public func head(of worktree: FilePath) async throws(GitError) -> CommitID? {
        guard let text = Files.line(try gitDirectory(of: worktree).appending("HEAD")) else { return nil }
        guard text.hasPrefix("ref: ") else { return CommitID(text) }
        return try await commit(ofReference: String(text.dropFirst(5)))
    }

    /// Pushes that git wrote into the logs of remote-tracking branches, the oldest first (files only).
    ///
    /// Fetches are left out. A push to a bare address, which has no tracking branch, is not written down anywhere, and
    /// neither is any with `core.logAllRefUpdates` off.
    public func recordedPushes() async throws(GitError) -> [RecordedPush] {
        let logs = logFolder
        var pushes: [RecordedPush] = []
        // A remote's name may hold slashes, and one may begin with another.
        let remotes = try await remotes().sorted { $0.count > $1.count }
        for path in Self.files(below: logs) {
            let name = String(path.string.dropFirst(logs.string.count + 1))
            guard let remote = remotes.first(where: { name.hasPrefix($0 + "/") }) else { continue }
            let branch = String(name.dropFirst(remote.count + 1))
            pushes += Self.pushes(in: Self.tail(of: path)).map {
                RecordedPush(remote: remote, branch: branch, commit: $0.commit, at: $0.at)
            }
        }
        return pushes.sorted { $0.at < $1.at }
    }

    /// What `recordedPushes` would read, without reading it (files only).
    public func pushLogs() -> PushLogs {
        PushLogs(
            logs: Self.files(below: logFolder).map {
                PushLogs.Log(
                    path: $0, size: ProcessKit.Files.size($0), modifiedAt: ProcessKit.Files.modifiedAt($0))
            })
    }

    private nonisolated var logFolder: FilePath { layout.commonDirectory.appending("logs/refs/remotes") }

    private func remotes() async throws(GitError) -> [String] {
        let entries = try await ask({ (repository: borrowing OpenRepository) throws(GitError) in
            try repository.configuration(matching: "^remote\\..*\\.url$").map(\.key)
        }) { () async throws(GitError) in
            try await self.git.read(
                ["config", "-z", "--name-only", "--get-regexp", "^remote\\..*\\.url$"], in: self.place
            ).fields
        }
        return Array(Set(entries.map { String($0.dropFirst("remote.".count).dropLast(".url".count)) }))
    }

    /// `<old> <new> <name> <mail> <seconds> <zone> TAB <message>` a line.
    private static func pushes(in text: String) -> [(commit: CommitID, at: Timestamp)] {
        text.split(separator: "\n").compactMap { line in
            let halves = line.split(separator: "\t", maxSplits: 1)
            guard halves.count == 2, halves[1].hasPrefix("update by push") else { return nil }
            let words = halves[0].split(separator: " ")
            guard words.count >= 4, let commit = CommitID(words[1]),
                let seconds = Int64(words[words.count - 2])
            else { return nil }
            return (commit, Timestamp(milliseconds: seconds * 1000))
        }
    }

    /// The end of a log: older moves were looked at before.
    private static func tail(of path: FilePath) -> String {
        guard let file = try? FileDescriptor.open(path, .readOnly, options: [.closeOnExec]) else { return "" }
        defer { try? file.close() }  // only read
        guard let size = try? file.seek(offset: 0, from: .end) else { return "" }
        let start = max(0, size - 64 << 10)
        var bytes = [UInt8](repeating: 0, count: Int(size - start))
        let count = unsafe bytes.withUnsafeMutableBytes {
            unsafe (try? file.read(fromAbsoluteOffset: start, into: $0)) ?? 0
        }
        return String(decoding: bytes[..<count], as: UTF8.self)
    }

    private static func files(below folder: FilePath) -> [FilePath] {
        Files.names(in: folder).flatMap { name -> [FilePath] in
            let path = folder.appending(name)
            return Files.isFolder(path) ? files(below: path) : [path]
        }
    }
}
