internal import Core
internal import Fleet
internal import Store

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
        return try QuestionPlace(of: try await FleetContext.open(surroundings))
    }
}

extension QuestionPlace {
    init(of fleet: FleetContext) throws {
        self.init(
            store: fleet.store, surroundings: fleet.surroundings, publicURL: try fleet.publicURL(),
            secret: { try fleet.secret() },
            hasAgentAncestor: { try await AgentAncestry(context: fleet).isBelowAnAgent() },
            linkSetting: "'public_url' under [dashboard] in .tmuxagent/fleet.toml")
    }
}
