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
        /// What the daemon goes by; nil for another file than the fleet's, and while nothing watches.
        public var standing: PolicyStanding?
        public var hasErrors: Bool { problems.contains { $0.severity == .error } }
    }

    let surroundings: Surroundings

    public init(surroundings: Surroundings) { self.surroundings = surroundings }

    /// `file` is relative to the working folder; nil means the policy that the fleet's settings name.
    public func check(file: String?, isClassic: Bool) async throws -> Outcome {
        let path: FilePath
        var context = PolicyFile.Context(isClassic: isClassic)
        var standing: PolicyStanding?
        if let file {
            path = surroundings.workingDirectory.pushing(FilePath(file))
            // A file may be checked anywhere; in a fleet its dialogs may be those of the fleet's own rules.
            context.dialogs = try? await FleetContext.open(surroundings).dialogIDs
        } else {
            let fleet = try await FleetContext.open(surroundings)
            path = fleet.configuration.watch.policy
            context.mainBranch = try await fleet.repository.mainBranch()?.rawValue
            context.escalations = fleet.configuration.escalations.keys.sorted()
            context.dialogs = fleet.dialogIDs
            standing = try await .now(in: fleet)
        }
        var shown = path
        _ = shown.removePrefix(surroundings.workingDirectory)
        guard let text = try Files.readText(path) else {
            throw ConfigurationError.notFound(file: shown.string)
        }
        let problems = PolicyFile.check(text, file: shown.string, context: context)
        let hasErrors = problems.contains { $0.severity == .error }
        let pipelines =
            hasErrors
            ? 0 : try PolicyFile.read(text, file: shown.string, context: context).policy.pipelines.count
        return Outcome(
            file: shown.string, pipelines: pipelines, problems: problems, standing: standing)
    }

    /// Throws every problem of the fleet's policy at once, unless the last good one can stay in force.
    ///
    /// For a daemon's start; a fleet without the file has no pipelines.
    public static func requireUsable(in context: FleetContext) async throws {
        let path = context.configuration.watch.policy
        guard let text = try Files.readText(path) else { return }
        var shown = path
        _ = shown.removePrefix(context.root)
        let branch = try await context.repository.mainBranch()?.rawValue
        let reading = PolicyFile.Context(mainBranch: branch, dialogs: context.dialogIDs)
        do {
            _ = try PolicyFile.read(text, file: shown.string, context: reading)
        } catch {
            // whatever is wrong with the copy, the file is what people can mend
            let last = try? Files.readText(context.policyInForce)
            let isUsable = last.map {
                (try? PolicyFile.read($0, file: context.policyInForce.string, context: reading)) != nil
            }
            guard isUsable == true else { throw error }
        }
    }
}

/// What the stages of an agent's runs wait for now.
public struct PolicyExplainer: Sendable {
    public struct Outcome: Sendable {
        /// The newest run of each pipeline, with the open ones before it.
        public var runs: [PolicyExplanation]
        /// Pipelines without an open run that an event begins.
        public var waiting: [(pipeline: String, startsOn: String)]
    }

    let context: FleetContext

    public init(context: FleetContext) { self.context = context }

    /// Explains the runs of the agent that `name` means, or of the main checkout by its branch.
    ///
    /// Speaks of the policy in force, also when an edit of the file cannot be used.
    public func explain(_ name: String) async throws -> Outcome {
        let (subject, branch) = try await context.policySubject(named: name)
        let path = context.configuration.watch.policy
        var text = try Files.readText(path)
        if try await PolicyStanding.now(in: context)?.refused != nil {
            text = try Files.readText(context.policyInForce) ?? text
        }
        guard let text else { throw ConfigurationError.notFound(file: path.string) }
        let policy = try PolicyFile.read(
            text, file: path.string, context: .init(dialogs: context.dialogIDs)
        ).policy
        let runs = try await Self.runs(of: subject, in: context.store)
        let facts = try await facts(of: subject, branch: branch)
        let waiting = policy.pipelines.filter { pipeline in
            pipeline.matches(facts) && !runs.contains { $0.pipeline == pipeline.name && !$0.isEnded }
        }
        return Outcome(
            runs: runs.map { PolicyExplanation(of: $0, in: policy) },
            waiting: waiting.compactMap { pipeline in pipeline.startsOn.map { (pipeline.name, $0.words) } })
    }

    private func facts(of subject: Subject, branch: String) async throws -> SubjectFacts {
        guard case .agent(let id) = subject, let agent = try await context.store.agent(id) else {
            return SubjectFacts(
                subject: subject, branch: branch, host: "local", since: context.surroundings.now())
        }
        return agent.facts()
    }

    /// The newest run of each pipeline; where runs are queued, the one under way and the queue before it.
    private static func runs(of subject: Subject, in store: FleetStore) async throws -> [PipelineRun] {
        let open = try await store.openRuns(of: subject)
        return try await store.latestRuns().filter { $0.subject == subject }.flatMap { latest in
            open.filter { $0.pipeline == latest.pipeline && $0.id != latest.id } + [latest]
        }
    }

    /// The same of a pane that was not spawned here, by the policy that `run` goes by.
    public static func explain(
        pane name: String, in records: PaneRecords, _ surroundings: Surroundings
    ) async throws -> [PolicyExplanation] {
        let store = try await records.store(surroundings)
        let pane = try PaneNames.find(name, among: try await store.latestRuns())
        let path = records.policyInForce
        guard let text = try Files.readText(path) else {
            throw ConfigurationError.notFound(file: path.string)
        }
        let context = PolicyFile.Context(isClassic: true)
        let policy = try PolicyFile.read(text, file: path.string, context: context).policy
        return try await runs(of: .pane(pane), in: store)
            .map { PolicyExplanation(of: $0, in: policy, classic: true) }
    }
}
