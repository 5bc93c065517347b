public import Config
public import Core
internal import Synchronization
public import SystemPackage

/// The detection rules of one fleet, loaded when they are first needed and again when somebody edited them.
public final class DetectionCatalog: Sendable {
    public let folder: FilePath
    private let loaded = Mutex<DetectionLibrary?>(nil)

    public init(root: FilePath) { folder = root.pushing(FilePath(DetectionLibrary.folder)) }

    /// A file that cannot be used is left out, with its reason among the failures.
    public func library() throws -> DetectionLibrary {
        try loaded.withLock { kept in
            if let kept { return kept }
            let library = try DetectionLibrary.load(folder: folder)
            kept = library
            return library
        }
    }

    /// Reads the files again and returns those that cannot be used; then the last good rules stay in force.
    public func reload() throws -> [ConfigurationError] {
        let library = try DetectionLibrary.load(folder: folder)
        if library.failures.isEmpty { loaded.withLock { $0 = library } }
        return library.failures
    }

    /// Reads screens of this kind; a kind without rules is generic.
    public func judge(_ kind: AgentKind) throws -> ScreenJudge {
        ScreenJudge(rules: try library().rules(of: kind))
    }
}
