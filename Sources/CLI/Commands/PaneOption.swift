internal import ArgumentParser
internal import Core
internal import Fleet
internal import Store
internal import SystemPackage

/// Makes a command speak of panes that `run` watches.
struct PaneOption: ParsableArguments {
    @Option(
        name: .long, help: "Speak of the panes that 'run' watches with this hosts.yaml", completion: .file())
    var config: String?

    /// Nil when a fleet's agents are meant.
    func records(_ context: CommandContext) throws -> PaneRecords? {
        try config.map { try PaneRecords(FilePath($0), context.surroundings) }
    }
}

/// Where questions lie: in a fleet, or in what `run` keeps.
struct QuestionPlace {
    var store: FleetStore
    var surroundings: Surroundings
    var publicURL: String?
    var secret: @Sendable () throws -> [UInt8]
    var hasAgentAncestor: @Sendable () async throws -> Bool

    /// Which setting would give links.
    var linkSetting: String

    static func open(_ panes: PaneOption, _ context: CommandContext) async throws -> QuestionPlace {
        let surroundings = context.surroundings
        if let records = try panes.records(context) {
            return QuestionPlace(
                store: try await records.store(surroundings), surroundings: surroundings,
                publicURL: try PublicURL.find(surroundings),
                secret: { try Secret.find(surroundings, records.places) },
                // A person's own shell may run in a watched pane as well as an agent.
                hasAgentAncestor: { false }, linkSetting: "PUBLIC_BASE_URL")
        }
        let fleet = try await FleetContext.open(surroundings)
        return QuestionPlace(
            store: fleet.store, surroundings: surroundings, publicURL: try fleet.publicURL(),
            secret: { try fleet.secret() },
            hasAgentAncestor: { try await AgentAncestry(context: fleet).isBelowAnAgent() },
            linkSetting: "'public_url' under [dashboard] in .tmuxagent/fleet.toml")
    }
}
