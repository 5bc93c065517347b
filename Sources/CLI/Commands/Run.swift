internal import ArgumentParser
internal import Core
internal import Daemon
internal import SystemPackage
internal import Watch

struct Run: AgentCommand {
    static let configuration = CommandConfiguration(
        commandName: "run",
        abstract: "Watch panes that were not spawned here",
        discussion: """
            Reads which panes of which machines to watch from a hosts.yaml and what to do
            from a policy, and runs until it is stopped. Stopped, it leaves nothing of
            its own in tmux.

              tmux-agent run --config hosts.yaml --policy policy.yaml
              tmux-agent run --config hosts.yaml --policy policy.yaml --dry-run
              tmux-agent run --config hosts.yaml --policy policy.yaml --once
            """)

    @OptionGroup var global: GlobalOptions
    @Option(name: .long, help: "The hosts.yaml", completion: .file()) var config: String
    @Option(name: .long, help: "The policy.yaml", completion: .file()) var policy: String
    @Flag(name: .long, help: "Take up what the panes show now, do what follows, and end") var once = false
    @Flag(name: .long, help: "Say what would be done; change nothing") var dryRun = false
    @Option(
        name: .long, help: "What approval links are signed with (default: APPROVAL_SECRET, else one is kept)")
    var approvalSecret: String?
    @Option(name: .long, help: "What approval links begin with (default: PUBLIC_BASE_URL)")
    var publicBaseUrl: String?
    @OptionGroup var log: LogOptions

    func validate() throws {
        if let publicBaseUrl, !["http://", "https://"].contains(where: publicBaseUrl.hasPrefix) {
            throw ValidationError("--public-base-url must begin with http:// or https://")
        }
    }

    func run(_ context: CommandContext) async throws {
        var surroundings = context.surroundings
        if let approvalSecret { surroundings.environment["APPROVAL_SECRET"] = approvalSecret }
        if let publicBaseUrl { surroundings.environment["PUBLIC_BASE_URL"] = publicBaseUrl }
        let report = RunReport(context, log: log.logger(context), isDryRun: dryRun, isResult: once || dryRun)
        let run = PaneRun(
            surroundings: surroundings,
            options: .init(
                configuration: FilePath(config), policy: FilePath(policy), mode: once ? .once : .continuous,
                isDryRun: dryRun), log: log.logger(context), tell: report.tell)
        defer { report.finish() }
        try await run.run()
    }
}
