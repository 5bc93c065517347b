import TestSupport

extension FleetFixture {
    /// Makes a fleet of plain shells without a policy, with this plan.
    func plan(_ plan: String) async throws {
        try await succeed("init", "--no-hooks")
        try write(
            "[agent]\ncommand = \"sh\"\nkind = \"shell\"\n[dashboard]\nport = 0\n",
            to: ".tmuxagent/fleet.toml")
        try write("pipelines: []\n", to: ".tmuxagent/policy.yaml")
        try write(plan, to: ".tmuxagent/orchestrator.toml")
    }
}
