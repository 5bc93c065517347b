internal import Config
public import Core
internal import GitKit
internal import ProcessKit
internal import SystemPackage

extension FleetContext {
    /// The fleet's policy as its file is now; nil when there is no file.
    ///
    /// Throws ``ConfigurationError`` with every problem of a broken one.
    public func policy() async throws -> Policy? {
        let path = configuration.watch.policy
        guard let text = try Files.readText(path) else { return nil }
        var shown = path
        _ = shown.removePrefix(root)
        let branch = try await repository.mainBranch()?.rawValue
        return try PolicyFile.read(text, file: shown.string, context: .init(mainBranch: branch)).policy
    }
}
