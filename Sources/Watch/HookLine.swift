internal import Core
internal import Fleet
internal import GitKit
internal import SystemPackage

/// One line that a git hook appended.
struct HookLine {
    var name: String
    var checkout: FilePath
    var branch: String?
    var commit: String?
    var run: RunID?

    /// `<hook> TAB <checkout> TAB <branch or empty> TAB <commit> TAB <run or empty>`; nil for anything else.
    init?(bytes: [UInt8]) {
        let fields = bytes.split(separator: UInt8(ascii: "\t"), omittingEmptySubsequences: false)
            .map { String(decoding: $0, as: UTF8.self) }
        guard fields.count == 5, HookLine.names.contains(fields[0]), fields[1].hasPrefix("/") else {
            return nil
        }
        name = fields[0]
        checkout = FilePath(fields[1]).lexicallyNormalized()
        branch = fields[2].isEmpty ? nil : fields[2]
        commit = fields[3].isEmpty ? nil : fields[3]
        run = fields[4].isEmpty ? nil : RunID(fields[4])
    }

    /// More than many lines together: a line is under 4 KiB.
    static let mostBytes = 1 << 20
    static let names: Set = ["post-commit", "post-merge", "post-checkout", "post-rewrite"]
}

extension FleetContext {
    /// What a hook told, with what git says of the commit that it saw.
    func hookEvent(
        _ name: String, branch: String?, commit text: String?, run: RunID?
    ) async -> GitHookEvent {
        var commit = text.flatMap { CommitID($0) }
        if commit == nil, let branch {
            // the branch may be gone by now
            commit = try? await repository.resolve("refs/heads/\(branch)")
        }
        var paths: [String] = []
        if let commit, name != "post-checkout" {
            // A commit that was collected since changed no file that a policy could still look at.
            paths = (try? await repository.changes(in: commit).map(\.path)) ?? []
        }
        return GitHookEvent(
            name: name, branch: branch, commit: commit?.rawValue, paths: paths, insideRun: run)
    }
}
