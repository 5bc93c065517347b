internal import ArgumentParser

struct PolicyCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "policy", abstract: "Check the policy and see what it waits for",
        subcommands: [
            PolicyCheck.self, PolicyTest.self, PolicyExplain.self, PolicyReset.self, PolicyRetry.self,
        ])
}
