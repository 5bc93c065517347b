internal import Core
internal import ProcessKit
public import SystemPackage

extension GitRepository {
    /// The diff as git shows it (git): bytes, because files need not be UTF-8.
    ///
    /// Untracked files are not in it. The user's settings for diffs apply, external programs for it do not.
    public func diff(_ worktree: FilePath, base: String, options: DiffOptions = DiffOptions())
        async throws(GitError) -> [UInt8]
    {
        let arguments = try await diffArguments(worktree, base: base, options: options)
        return try await git.output(arguments, in: worktree, timeout: .seconds(120)).output
    }

    /// The argument list and environment to `exec` git with, so that its pager has the terminal.
    ///
    /// The first argument is the program's name; run it in `worktree`.
    public func diffCommand(_ worktree: FilePath, base: String, options: DiffOptions = DiffOptions())
        async throws(GitError) -> (arguments: [String], environment: [String: String])
    {
        let arguments = try await diffArguments(worktree, base: base, options: options)
        return (
            ["git", "--paginate"] + arguments, git.userEnvironment.merging(["GIT_OPTIONAL_LOCKS": "0"]) { $1 }
        )
    }

    /// How many files and lines the same diff has (git); a binary file counts as a file without lines.
    public func diffStat(_ worktree: FilePath, base: String, options: DiffOptions = DiffOptions())
        async throws(GitError) -> DiffStat
    {
        var arguments = try await diffArguments(worktree, base: base, options: options)
        arguments.insert(contentsOf: ["--numstat", "-z", "--no-renames"], at: 1)
        let result = try await git.output(arguments, in: worktree, timeout: .seconds(120))
        var stat = DiffStat()
        for field in result.fields {
            let parts = field.split(separator: "\t", maxSplits: 2)
            guard parts.count == 3 else { continue }
            stat.files += 1
            stat.insertions += Int(parts[0]) ?? 0
            stat.deletions += Int(parts[1]) ?? 0
        }
        return stat
    }

    /// The paths that git neither knows nor ignores (git); a folder with nothing else in it is one path that ends with `/`.
    public func untrackedPaths(in worktree: FilePath) async throws(GitError) -> [String] {
        try await statusDetails(of: worktree, ignored: false).untracked
    }

    private func diffArguments(_ worktree: FilePath, base: String, options: DiffOptions)
        async throws(GitError) -> [String]
    {
        var arguments = [
            "diff", "--no-ext-diff", "--color=\(options.isColored ? "always" : "never")",
            "--unified=\(max(0, options.contextLines))",
        ]
        switch options.scope {
        case .uncommitted:
            let head = try await git.read(
                ["rev-parse", "--verify", "--quiet", "HEAD^{commit}"], in: worktree)
            // Before the first commit only the index can be compared.
            arguments.append(head.isSuccess ? "HEAD" : "--cached")
        case .sinceBase: arguments.append(try await forkPoint(worktree, base: base))
        case .committed: arguments += [try await forkPoint(worktree, base: base), "HEAD"]
        }
        return arguments + ["--"] + options.paths.map { ":(top,literal)\($0)" }
    }

    /// The commit where the checkout left `base`; `base` itself when they have none in common.
    private func forkPoint(_ worktree: FilePath, base: String) async throws(GitError) -> String {
        let base = try await resolve(base).rawValue
        let result = try await git.read(["merge-base", base, "HEAD"], in: worktree)
        return result.isSuccess ? result.firstLine : base
    }
}
