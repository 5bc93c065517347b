internal import Core
internal import ProcessKit
internal import SystemPackage

/// Finds a repository's parts.
///
/// It is an actor of its own because libgit2 reads files before there is a `GitRepository` to do it on.
actor LayoutReader {
    private let executor = BlockingExecutor(label: "git.open")
    nonisolated var unownedExecutor: UnownedSerialExecutor { unsafe executor.asUnownedSerialExecutor() }
    private let git: GitBinary

    init(git: GitBinary) { self.git = git }

    func layout(at folder: FilePath) async throws(GitError) -> RepositoryLayout {
        guard Files.isFolder(Files.real(folder)) else {
            throw .fileSystem(operation: "open the folder", folder, .noSuchFileOrDirectory)
        }
        let reason: String
        do throws(GitError) {
            return try byLibrary(folder)
        } catch {
            guard case .library(_, _, let text) = error else { throw error }
            reason = text
        }
        return try await byGit(folder, reason: reason)
    }

    private func byLibrary(_ folder: FilePath) throws(GitError) -> RepositoryLayout {
        let repository = try OpenRepository(at: folder, isExact: false)
        guard let gitDirectory = repository.gitDirectory, let common = repository.commonDirectory else {
            throw .library(operation: "open the repository \(folder)", code: -1, text: "it has no path")
        }
        var mainWorktree = repository.workingDirectory
        if gitDirectory != common {
            mainWorktree = try OpenRepository(at: common, isExact: true).workingDirectory
        }
        let inGitFolder = Files.real(folder).isWithin(Files.real(gitDirectory))
        var reason: RepositoryLayout.BinaryEntryReason?
        if try repository.configurationFlag("core.sparseCheckout") == true {
            reason = .sparseCheckout
        } else if try repository.configurationFlag("extensions.worktreeConfig") == true {
            reason = .worktreeConfiguration
        }
        return RepositoryLayout(
            topLevel: inGitFolder ? nil : repository.workingDirectory.map(Files.real),
            gitDirectory: Files.real(gitDirectory), commonDirectory: Files.real(common),
            mainWorktree: mainWorktree.map(Files.real), objectFormat: .sha1, engine: .libgit2,
            binaryEntryReason: reason)
    }

    private func byGit(_ folder: FilePath, reason: String) async throws(GitError) -> RepositoryLayout {
        // Each on its own line in this order; a path with a newline in it makes the count wrong and is refused.
        let facts = try await git.output(
            [
                "rev-parse", "--is-inside-work-tree", "--is-bare-repository", "--absolute-git-dir",
                "--git-common-dir",
            ], in: folder
        ).text.split(separator: "\n", omittingEmptySubsequences: true).map(String.init)
        guard facts.count == 4 else {
            throw .unusableRepository(folder, reason: "its path holds a line break")
        }
        let real = Files.real(folder)
        let gitDirectory = Files.real(FilePath(facts[2]))
        let common = Files.real(real.pushing(FilePath(facts[3])))
        var top: FilePath?
        if facts[0] == "true" {
            let text = try await git.output(["rev-parse", "--show-toplevel"], in: folder).firstLine
            top = Files.real(FilePath(text))
        }
        let format = try await git.read(["config", "--get", "extensions.objectFormat"], in: folder).firstLine
        return RepositoryLayout(
            topLevel: top, gitDirectory: gitDirectory, commonDirectory: common,
            mainWorktree: try await mainWorktree(common: common, gitDirectory: gitDirectory, top: top),
            objectFormat: format == "sha256" ? .sha256 : .sha1, engine: .gitOnly(reason: reason),
            binaryEntryReason: .cannotOpen(reason))
    }

    private func mainWorktree(common: FilePath, gitDirectory: FilePath, top: FilePath?) async throws(GitError)
        -> FilePath?
    {
        if gitDirectory == common, let top { return top }
        let file = common.appending("config").string
        func value(_ key: String, _ type: [String]) async throws(GitError) -> String {
            try await git.read(["config", "--file", file] + type + ["--get", key], in: common).firstLine
        }
        if try await value("core.bare", ["--type=bool"]) == "true" { return nil }
        // With `git config --worktree` the main checkout's own file holds it.
        let own = common.appending("config.worktree")
        if Files.exists(own) {
            let bare = try await git.read(
                ["config", "--file", own.string, "--type=bool", "--get", "core.bare"], in: common)
            if bare.firstLine == "true" { return nil }
        }
        let configured = try await value("core.worktree", [])
        if !configured.isEmpty { return Files.real(common.pushing(FilePath(configured))) }
        guard common.lastComponent?.string == ".git" else { return nil }
        return common.removingLastComponent()
    }
}
