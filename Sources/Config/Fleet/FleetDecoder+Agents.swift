internal import Core
internal import SystemPackage

extension FleetDecoder {
    /// Reads `[agent]` and `[agents.<name>]`.
    func agents(_ file: MappingDecoder, into fleet: inout FleetConfiguration) {
        if let node = file.node("agent"), let section = file.decoder.mapping(node, as: "agent") {
            let section = MappingDecoder(section.node, name: "[agent]", problems: problems)
            fleet.agent = profile(section, over: fleet.agent, name: fleet.agent.name)
            if let folder = text(section, "templates_dir") {
                fleet.templatesFolder = places.resolve(folder, relativeTo: repository)
            }
            section.finish()
        }
        for (name, section) in named(file, "agents") {
            fleet.profiles[name] = profile(section, over: fleet.agent, name: name)
            section.finish()
        }
    }

    private func profile(_ section: MappingDecoder, over base: AgentProfile, name: String) -> AgentProfile {
        var profile = base
        profile.name = name
        if let command = text(section, "command") {
            profile.command = CommandTemplate(command)
            profile.kind = .guessed(fromCommand: command, others: programs)
        }
        section.string("model").map { profile.model = $0 }
        kind(section).map { profile.kind = $0 }
        profile.environment.merge(environment(section)) { $1 }
        if let command = section.node("command"), profile.kind != base.kind, !section.contains("model"),
            profile.command.uses("model"), !profile.model.isEmpty
        {
            problems.warning(
                "\(section.name) runs another program, but takes the model '\(ConfigurationProblem.visible(profile.model))' of the default profile",
                at: command.position, suggestion: "Add 'model = …' to it")
        }
        return profile
    }

    /// Kinds without rules of their own are allowed, for a fleet can bring rules; a slip of the fingers is more likely.
    private func kind(_ section: MappingDecoder) -> AgentKind? {
        guard let written = text(section, "kind"), let node = section.node("kind") else { return nil }
        let known = AgentKind.known.map(\.rawValue) + rules.map(\.kind.rawValue)
        if !known.contains(written) {
            let near = didYouMean(written, among: known)
            problems.warning(
                "there are no built-in rules for the kind '\(ConfigurationProblem.visible(written))'",
                at: node.position,
                suggestion: near.map { "Did you mean '\($0)'?" }
                    ?? "Built in: \(AgentKind.known.map(\.rawValue).joined(separator: ", "))")
        }
        return AgentKind(written)
    }

    /// Kinds that the fleet's own rules bring, by the programs that they name.
    private var programs: [String: AgentKind] {
        let pairs = rules.filter { !AgentKind.known.contains($0.kind) }.flatMap { rules in
            rules.programs.map { ($0, rules.kind) }
        }
        return Dictionary(pairs) { first, _ in first }
    }

    private func environment(_ section: MappingDecoder) -> [String: String] {
        guard let node = section.node("env"), let table = section.stringTable("env") else { return [:] }
        for entry in node.entries ?? [] {
            if let problem = EnvironmentNames.problem(with: entry.key) {
                problems.error(problem.message, at: entry.keyPosition, suggestion: problem.suggestion)
            }
        }
        return table
    }
}

/// Which environment variables settings and templates may set.
enum EnvironmentNames {
    static func problem(with name: String) -> (message: String, suggestion: String)? {
        let shown = ConfigurationProblem.visible(name)
        let isName =
            name.first?.isNumber == false
            && name.utf8.allSatisfy { byte in
                byte == UInt8(ascii: "_") || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
                    || (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte | 0x20)
            }
        guard isName else {
            return ("'\(shown)' cannot name an environment variable", "Use letters, digits and '_'")
        }
        guard
            name.hasPrefix("TMUX_AGENT_") || name.hasPrefix("AI_AGENT_") || name == "TMUX"
                || name == "TMUX_PANE"
        else { return nil }
        return ("'\(shown)' is set by tmux-agent or tmux for each agent", "Choose another name")
    }
}
