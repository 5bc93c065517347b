internal import ProcessKit

extension GitRepository {
    /// `core.hooksPath` as it is configured; nil when it is not (git).
    public func hooksPath() async throws(GitError) -> String? {
        let arguments = ["config", "--type=path", "--get", "core.hooksPath"]
        let result = try await git.read(arguments, in: place)
        if result.termination == .exited(1) { return nil }
        let text = try GitBinary.checked(result, arguments, in: place).text
        return text.hasSuffix("\n") ? String(text.dropLast()) : text
    }
}
