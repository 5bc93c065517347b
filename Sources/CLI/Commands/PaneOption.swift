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
