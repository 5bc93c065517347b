internal import ArgumentParser
internal import Config
internal import Core
internal import Fleet
internal import GitKit

struct DetectCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "detect", abstract: "See and try the rules that read agents' screens",
        subcommands: [DetectList.self, DetectShow.self, DetectTest.self])
}

/// What the commands about rules share.
enum DetectionView {
    /// The fleet's rules, or the built-in ones outside a fleet.
    static func library(_ context: CommandContext) async throws -> DetectionLibrary {
        do {
            let library = try await FleetContext.open(context.surroundings).detection.library()
            for warning in library.warnings { context.console.warning(warning.rendered) }
            for failure in library.failures { context.console.warning(failure.message) }
            return library
        } catch FleetError.notAFleet {
            return try .builtIn()
        } catch GitError.notARepository {
            return try .builtIn()
        }
    }

    static func rules(of kind: String, in library: DetectionLibrary) throws -> DetectionRules {
        if let rules = library.rules(of: AgentKind(kind)) { return rules }
        let known = library.rules.map(\.kind.rawValue)
        let near = didYouMean(kind, among: known).map { "did you mean '\($0)'?" }
        throw ValidationError(
            "There are no rules for '\(kind)': \(near ?? "use one of \(known.joined(separator: ", "))")")
    }
}
