public import Core
internal import SystemPackage

extension GitRepository {
    /// The branch of the main checkout's HEAD, or of a bare repository's (files only); nil when it is detached.
    public func mainBranch() throws(GitError) -> BranchName? {
        guard let text = Files.line(layout.commonDirectory.appending("HEAD")) else { return nil }
        let prefix = "ref: refs/heads/"
        guard text.hasPrefix(prefix) else { return nil }
        // Git made it; a name that we refuse is none of ours.
        return try? BranchName(String(text.dropFirst(prefix.count)))
    }
}
