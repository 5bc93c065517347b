internal import Core
internal import ProcessKit
public import SystemPackage

/// Ignored files that match patterns, relative to the top of the checkout.
public struct IgnoredFiles: Sendable, Equatable {
    /// Files, and folders (with a closing `/`) that are matched as a whole.
    public var paths: [String] = []
    /// Symbolic links that lead out of the checkout: they match, but are not to be copied or linked.
    public var refused: [String] = []

    public init() {}
}

extension GitRepository {
    /// `path` relative to the top of the checkout we are in; throws when it leads out of it.
    ///
    /// `..` and symbolic links are resolved first. The path need not exist.
    public func relativePath(_ path: FilePath) throws(GitError) -> String {
        let top = try top()
        let real = Files.real(top.pushing(path))
        guard real.isWithin(top) else { throw .pathOutside(path, root: top) }
        var relative = real
        _ = relative.removePrefix(top)
        return relative.string
    }

    /// Those of `paths` (relative to the top) that git ignores, which need not exist; never a tracked file (git).
    ///
    /// End the path of a folder that does not exist yet with `/`, as rules for folders only hold then.
    public func ignored(of paths: [String]) async throws(GitError) -> [String] {
        if paths.isEmpty { return [] }
        let input = Array(paths.map { "\($0)\0" }.joined().utf8)
        let arguments = ["check-ignore", "-z", "--stdin"]
        let result = try await git.read(arguments, in: try top(), input: input)
        // 1 = none of them is ignored.
        if result.termination == .exited(1) { return [] }
        return try GitBinary.checked(result, arguments, in: try top()).fields
    }

    /// Ignored files of the checkout that match `patterns` or a line of its `.worktreeinclude` (git).
    ///
    /// Patterns are written as in `.gitignore`: `.env*` matches at any depth, `/build` at the top, a later
    /// `!x` takes back. A file that git does not ignore is never in the answer, nor is anything inside a
    /// worktree that lies in the checkout.
    public func ignoredFiles(matching patterns: [String]) async throws(GitError) -> IgnoredFiles {
        let top = try top()
        var arguments = ["ls-files", "--others", "--ignored", "--directory", "-z"]
        let list = top.appending(".worktreeinclude")
        if Files.exists(list) { arguments.append("--exclude-from=\(list)") }
        if patterns.isEmpty, arguments.count == 5 { return IgnoredFiles() }
        // Comments and empty lines have no meaning here and a lone "!" or "/" none at all.
        arguments += patterns.filter { !$0.isEmpty }.map { "--exclude=\($0)" }
        let candidates = try await git.output(arguments + ["--"], in: top).fields
        var found = IgnoredFiles()
        for path in try await ignored(of: candidates) {
            let whole = top.pushing(FilePath(path))
            let real = Files.real(whole)
            if !real.isWithin(top) {
                found.refused.append(path)
            } else if !isOwnWorktree(whole) {
                found.paths.append(path)
            }
        }
        return found
    }

    private func top() throws(GitError) -> FilePath {
        guard let top = layout.topLevel else { throw .noWorkingTree(layout.gitDirectory) }
        return top
    }
}
