public import Config
public import Core
internal import GitKit
internal import ProcessKit
internal import Store
internal import SystemPackage

/// Reads a policy file and says everything that is wrong with it.
public struct PolicyCheck: Sendable {
    public struct Outcome: Sendable {
        public var file: String
        public var pipelines: Int
        public var problems: [ConfigurationProblem]
        public var hasErrors: Bool { problems.contains { $0.severity == .error } }
    }

    let surroundings: Surroundings

    public init(surroundings: Surroundings) { self.surroundings = surroundings }

    /// `file` is relative to the working folder; nil means the policy that the fleet's settings name.
    public func check(file: String?, isClassic: Bool) async throws -> Outcome {
        let path: FilePath
        var mainBranch: String?
        var dialogs: [String]?
        if let file {
            path = surroundings.workingDirectory.pushing(FilePath(file))
            // A file may be checked anywhere; in a fleet its dialogs may be those of the fleet's own rules.
            dialogs = try? await FleetContext.open(surroundings).dialogIDs
        } else {
            let context = try await FleetContext.open(surroundings)
            path = context.configuration.watch.policy
            mainBranch = try await context.repository.mainBranch()?.rawValue
            dialogs = context.dialogIDs
        }
        var shown = path
        _ = shown.removePrefix(surroundings.workingDirectory)
        guard let text = try Files.readText(path) else {
            throw ConfigurationError.notFound(file: shown.string)
        }
        let context = PolicyFile.Context(
            isClassic: isClassic, mainBranch: mainBranch, dialogs: dialogs)
        let problems = PolicyFile.check(text, file: shown.string, context: context)
        let hasErrors = problems.contains { $0.severity == .error }
        let pipelines =
            hasErrors
            ? 0 : try PolicyFile.read(text, file: shown.string, context: context).policy.pipelines.count
        return Outcome(file: shown.string, pipelines: pipelines, problems: problems)
    }

    /// Throws every problem of the fleet's policy at once; a fleet without the file has no pipelines.
    ///
    /// For a daemon's start: an edit of a running fleet leaves the last good policy in force, but here is none yet.
    public static func requireUsable(in context: FleetContext) async throws {
        let path = context.configuration.watch.policy
        guard let text = try Files.readText(path) else { return }
        var shown = path
        _ = shown.removePrefix(context.root)
        let branch = try await context.repository.mainBranch()?.rawValue
        _ = try PolicyFile.read(
            text, file: shown.string, context: .init(mainBranch: branch, dialogs: context.dialogIDs))
    }
}

/// What the stages of an agent's runs wait for now.
public struct PolicyExplainer: Sendable {
    let context: FleetContext

    public init(context: FleetContext) { self.context = context }

    /// The newest run of each pipeline of the agent that `name` means.
    public func explain(_ name: String) async throws -> [PolicyExplanation] {
        let agent = try await context.store.agent(named: name)
        let path = context.configuration.watch.policy
        guard let text = try Files.readText(path) else {
            throw ConfigurationError.notFound(file: path.string)
        }
        let policy = try PolicyFile.read(
            text, file: path.string, context: .init(dialogs: context.dialogIDs)
        ).policy
        return try await context.store.latestRuns().filter { $0.subject == agent.subject }
            .map { PolicyExplanation(of: $0, in: policy) }
    }
}
