internal import CLibgit2
public import Core
internal import ProcessKit
public import SystemPackage

extension GitRepository {
    /// The text of a commit's note under `reference` (`refs/notes/…`); nil when it has none (libgit2, else git).
    public func note(on commit: CommitID, in reference: String) async throws(GitError) -> String? {
        let found: String?? = try await ask({ (repository: borrowing OpenRepository) throws(GitError) in
            .some(try repository.note(on: commit, in: reference))
        }) { () async throws(GitError) in
            let result = try await self.git.read(
                ["notes", "--ref=\(reference)", "show", commit.rawValue], in: self.place)
            return .some(result.isSuccess ? result.text : nil)
        }
        return found ?? nil
    }

    /// Writes a commit's note under `reference`, in place of one that is there (libgit2, else git).
    ///
    /// The reference alone moves: neither `notes.*` and `core.notesRef` nor the environment are read or changed.
    public func setNote(_ text: String, on commit: CommitID, in reference: String, at time: Timestamp)
        async throws(GitError)
    {
        // libgit2 makes a reference that is not there yet without looking whether somebody else just did.
        let lock = try await RepositoryLock.acquire(for: layout)
        defer { lock.release() }
        let isDone: Bool = try await ask({ (repository: borrowing OpenRepository) throws(GitError) in
            try repository.setNote(text, on: commit, in: reference, at: time)
            return true
        }) { () async throws(GitError) in
            var identity = ["GIT_AUTHOR_DATE": "@\(time.milliseconds / 1000) +0000"]
            identity["GIT_COMMITTER_DATE"] = identity["GIT_AUTHOR_DATE"]
            for role in ["AUTHOR", "COMMITTER"] {
                identity["GIT_\(role)_NAME"] = NoteAuthor.name
                identity["GIT_\(role)_EMAIL"] = NoteAuthor.mail
            }
            try await self.git.change(
                ["notes", "--ref=\(reference)", "add", "--force", "--file=-", commit.rawValue],
                in: self.place, input: Array(text.utf8), adding: identity)
            return true
        }
        precondition(isDone, "both roads end in a note or in an error")
    }

    /// The commits that lead to `tip` by first parents and are reachable from none of `others`, the newest first, at
    /// most `limit` (git).
    public func firstParents(of tip: CommitID, without others: [CommitID], limit: Int)
        async throws(GitError) -> [CommitID]
    {
        let range = ([tip.rawValue] + others.map { "^\($0)" }).map { "\($0)\n" }.joined()
        return try await git.output(
            ["rev-list", "--first-parent", "--max-count=\(limit)", "--stdin"], in: place,
            input: Array(range.utf8)
        ).text.split(separator: "\n").compactMap { CommitID($0) }
    }

    /// The commits that `revisions` means: one commit, or those of a range such as `main..feature/x`, the newest first
    /// and at most `limit` (git).
    public func commits(meantBy revisions: String, limit: Int) async throws(GitError) -> [CommitSummary] {
        guard revisions.contains("..") else {
            let commit = try await resolve(revisions)
            return try await log([commit.rawValue], limit: 1)
        }
        guard !revisions.hasPrefix("-"), !revisions.contains("\0") else {
            throw .revisionNotFound(revisions)
        }
        let result = try await git.read(
            ["rev-parse", "--revs-only", "--end-of-options", revisions], in: place)
        let ids = result.text.split(separator: "\n").map(String.init).filter { !$0.hasPrefix("--") }
        guard result.isSuccess, !ids.isEmpty else { throw .revisionNotFound(revisions) }
        return try await log(ids, limit: limit)
    }

    /// The commits that the lines of a file are from, with how many lines each has there, the most first (git).
    ///
    /// `file` is relative to `folder`; `lines` as `git blame -L` takes it, such as `10,20` or `/func a/,+5`. Lines that are
    /// not committed count for nobody.
    public func blame(
        _ file: String, lines: String? = nil, in folder: FilePath
    ) async throws(GitError) -> [(commit: CommitSummary, lines: Int)] {
        let range = lines.map { ["-L", $0] } ?? []
        let text = try await git.output(["blame", "--porcelain"] + range + ["--", file], in: folder).text
        var counts: [String: Int] = [:]
        for line in text.split(separator: "\n") where !line.hasPrefix("\t") {
            let words = line.split(separator: " ")
            guard let id = words.first, [40, 64].contains(id.count), words.count >= 3, Int(words[1]) != nil,
                id.allSatisfy(\.isHexDigit), id.contains(where: { $0 != "0" })
            else { continue }
            counts[String(id), default: 0] += 1
        }
        guard !counts.isEmpty else { return [] }
        var found: [(commit: CommitSummary, lines: Int)] = []
        for id in counts.keys {
            for commit in try await log([id], limit: 1) { found.append((commit, counts[id] ?? 0)) }
        }
        return found.sorted { ($1.lines, $0.commit.id.rawValue) < ($0.lines, $1.commit.id.rawValue) }
    }

    private func log(_ ids: [String], limit: Int) async throws(GitError) -> [CommitSummary] {
        let log = try await git.output(
            [
                "log", "-z", "--format=%H%n%an%n%ct%n%s", "--max-count=\(limit)", "--no-show-signature",
                "--stdin",
            ], in: place, input: Array(ids.map { "\($0)\n" }.joined().utf8))
        return log.fields.compactMap(Self.summary)
    }
}

private enum NoteAuthor {
    static let name = "tmux-agent"
    static let mail = "tmux-agent@localhost"
}

extension OpenRepository {
    fileprivate func note(on commit: CommitID, in reference: String) throws(GitError) -> String? {
        try unsafe Libgit2.withID(commit) { (id: UnsafePointer<git_oid>) throws(GitError) in
            var raw: OpaquePointer?
            let status = unsafe git_note_read(&raw, handle.pointer, reference, id)
            if status == GIT_ENOTFOUND.rawValue { return nil }
            try Libgit2.check("read the note on \(commit.short)", status)
            defer { unsafe git_note_free(raw) }
            return unsafe git_note_message(raw).map { unsafe String(cString: $0) }
        }
    }

    fileprivate func setNote(_ text: String, on commit: CommitID, in reference: String, at time: Timestamp)
        throws(GitError)
    {
        var author: UnsafeMutablePointer<git_signature>?
        try Libgit2.check(
            "sign the note on \(commit.short)",
            unsafe git_signature_new(&author, NoteAuthor.name, NoteAuthor.mail, time.milliseconds / 1000, 0))
        defer { unsafe git_signature_free(author) }
        try unsafe Libgit2.withID(commit) { (id: UnsafePointer<git_oid>) throws(GitError) in
            try Libgit2.retryingWhileLocked("write the note on \(commit.short)") {
                var written = git_oid()
                let status = unsafe git_note_create(
                    &written, handle.pointer, reference, author, author, id, text, 1)
                // Somebody else's note moved the reference in between.
                return status == GIT_EMODIFIED.rawValue ? GIT_ELOCKED.rawValue : status
            }
        }
    }
}
