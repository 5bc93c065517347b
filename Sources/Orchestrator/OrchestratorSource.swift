internal import Config
internal import Core
public import Fleet
internal import Store
public import SystemPackage

/// Where a plan comes from.
public struct OrchestratorSource: Sendable {
    let file: FilePath
    let name: String
    let base: FilePath
    /// The fleet's own file may be absent; one that somebody named may not.
    let mayBeAbsent: Bool

    /// The fleet's orchestrator.toml.
    public init(context: FleetContext) {
        file = context.root.pushing(FilePath(OrchestratorFile.path))
        name = OrchestratorFile.path
        base = context.root
        mayBeAbsent = true
    }

    /// Another file; prompts are looked for in its folder.
    public init(file: FilePath) {
        self.file = file
        name = file.string
        base = file.removingLastComponent()
        mayBeAbsent = false
    }

    /// The file that whoever orchestrates this fleet goes by, the fleet's own while nobody does.
    static func inForce(_ context: FleetContext) throws -> OrchestratorSource {
        let own = OrchestratorSource(context: context)
        guard try context.isOrchestrated(),
            let named = try DaemonLock.place(role: .orchestrate, run: context.run), named != own.file
        else { return own }
        return OrchestratorSource(file: named)
    }

    /// A plan that says nothing.
    static func empty() throws -> OrchestratorPlan {
        try OrchestratorFile.decode([UInt8](), file: "", base: "/").value
    }

    /// Where a change of the file is seen.
    public var folder: FilePath { file.removingLastComponent() }

    /// The prompts that the file names now.
    var promptFiles: [FilePath] { OrchestratorFile.promptFiles(in: file, base: base) }

    /// Whether the file itself asks for a rehearsal (`dry_run`).
    public func asksForRehearsal() throws -> Bool { try load().value.configuration.isDryRun }

    /// Where the file wants the numbers served; nil: nowhere but at the dashboard.
    public func metricsPlace() throws -> MetricsPlace? {
        let configuration = try load().value.configuration
        return configuration.metricsPort.map { MetricsPlace(host: configuration.metricsHost, port: $0) }
    }

    /// Throws ``ConfigurationError`` with every problem of the file.
    func load() throws -> Decoded<OrchestratorPlan> {
        do throws(ConfigurationError) {
            return try OrchestratorFile.load(file, shownAs: name, base: base)
        } catch {
            guard mayBeAbsent, case .notFound = error else { throw error }
            return try OrchestratorFile.decode([UInt8](), file: name, base: base)
        }
    }
}

/// Where numbers are served beside the dashboard.
public struct MetricsPlace: Sendable, Equatable {
    public var host: String
    /// 0 takes a free one.
    public var port: Int
}
