internal import Core
internal import SystemPackage

/// Fills an orchestrator's plan from the tree of an orchestrator.toml.
struct OrchestratorDecoder {
    let base: FilePath
    let problems: ProblemList

    func decode(_ root: DocumentNode) -> OrchestratorPlan {
        let file = MappingDecoder(root, name: "orchestrator.toml", problems: problems)
        var configuration = OrchestratorConfiguration()
        // The classic files have these keys at the top or in a section.
        numbers(file, into: &configuration)
        if let section = section(file, "orchestrator") {
            numbers(section, into: &configuration)
            section.finish()
        }
        configuration.decider = decider(file)
        configuration.settings.hasDecider = configuration.decider != nil
        if let section = section(file, "commands") {
            configuration.rules.allow = patterns(section, "allow")
            configuration.rules.deny = patterns(section, "deny")
            section.finish()
        }
        let prompts = PromptDecoder(base: base, problems: problems).decode(file)
        configuration.settings.hasSummary = prompts.summary != nil
        refuseHosts(file)
        configuration.tasks = TaskDecoder(problems: problems).tasks(file)
        file.finish()
        return OrchestratorPlan(configuration: configuration, prompts: prompts)
    }

    private func refuseHosts(_ file: MappingDecoder) {
        for entry in file.node.entries ?? [] where entry.key == "hosts" {
            _ = file.entry(entry.key)
            problems.error(
                "'hosts' cannot be used: all agents of a fleet run on this machine", at: entry.keyPosition,
                suggestion: "Limit those of all fleets here with 'max_agents_per_host'")
        }
    }

    private func section(_ file: MappingDecoder, _ name: String) -> MappingDecoder? {
        guard let node = file.node(name), let mapping = file.decoder.mapping(node, as: name) else {
            return nil
        }
        return MappingDecoder(mapping.node, name: "[\(name)]", problems: problems)
    }

    private func numbers(_ file: MappingDecoder, into configuration: inout OrchestratorConfiguration) {
        var settings = configuration.settings
        seconds(file, "poll_interval", least: 1).map { settings.pollInterval = $0 }
        seconds(file, "cooldown_seconds").map { settings.cooldown = $0 }
        seconds(file, "session_cooldown_seconds").map { settings.sessionCooldown = $0 }
        file.integer("max_commands_per_cycle", in: 1...1000).map { settings.maxCommandsPerCycle = $0 }
        file.integer("history_lines", in: 0...10_000).map { settings.historyLines = $0 }
        phase(file, "default_phase").map { settings.defaultPhase = $0 }
        phase(file, "completion_phase").map { settings.completionPhase = $0 }
        file.bool("notify_only_on_confirmation").map { settings.notifyOnlyOnConfirmation = $0 }
        seconds(file, "stall_timeout_seconds", least: 1).map { settings.stallTimeout = $0 }
        file.integer("stall_retries_before_notify", in: 0...1000).map {
            settings.stallRetriesBeforeNotify = $0
        }
        file.integer("failure_alert_threshold", in: 1...1000).map { settings.failureAlertThreshold = $0 }
        seconds(file, "command_timeout_seconds", least: 1).map { settings.commandTimeout = $0 }
        seconds(file, "command_expiry_seconds", least: 1).map { settings.commandExpiry = $0 }
        file.integer("command_tries", in: 1...100).map { settings.commandTries = $0 }
        seconds(file, "confirmation_expiry_seconds", least: 1).map { settings.confirmationExpiry = $0 }
        file.integer("max_agents", in: 1...1000).map { settings.maxAgents = $0 }
        file.integer("max_agents_per_host", in: 0...10_000).map {
            settings.maxAgentsPerHost = $0 == 0 ? nil : $0
        }
        file.integer("max_decisions", in: 1...100).map { settings.maxDecisions = $0 }
        file.integer("agent_restarts", in: 0...100).map { settings.agentRestarts = $0 }
        file.integer("decision_failure_threshold", in: 1...1000).map {
            settings.decisionFailureThreshold = $0
        }
        file.number("max_load", in: 0...1000).map { settings.maximumLoad = $0 == 0 ? nil : $0 }
        size(file, "min_free_memory").map { settings.minimumFreeMemory = $0 == 0 ? nil : $0 }
        configuration.settings = settings
        file.bool("dry_run").map { configuration.isDryRun = $0 }
        file.bool("delegate_to_codex").map { configuration.delegates = $0 }
        file.integer("metrics_port", in: 0...65_535).map { configuration.metricsPort = $0 }
        if let host = file.string("metrics_host"), !host.isEmpty { configuration.metricsHost = host }
    }

    private func seconds(_ file: MappingDecoder, _ key: String, least: Int64 = 0) -> Duration? {
        guard let node = file.node(key), let duration = file.duration(key, bareSeconds: true) else {
            return nil
        }
        guard duration >= .seconds(least) else {
            problems.error(
                "'\(key)' must be at least \(least) s", at: node.position,
                suggestion: "Write \(least)s or more")
            return nil
        }
        return duration
    }

    private func phase(_ file: MappingDecoder, _ key: String) -> String? {
        guard let node = file.node(key), let name = file.string(key) else { return nil }
        guard !name.isEmpty else {
            problems.error(
                "'\(key)' is empty", at: node.position, suggestion: "Name a phase, or remove '\(key)'")
            return nil
        }
        return name
    }

    private func size(_ file: MappingDecoder, _ key: String) -> Int64? {
        guard let node = file.node(key) else { return nil }
        guard let size = ByteSizeText.parse(node.text) else {
            file.decoder.mismatch(node, key, takes: "a size", suggestion: "Write for example \"512MB\"")
            return nil
        }
        return Int64(size)
    }

    private func patterns(_ section: MappingDecoder, _ key: String) -> [Pattern] {
        guard let node = section.node(key), let texts = section.decoder.strings(node, as: key) else {
            return []
        }
        let positions = node.elements?.map(\.position) ?? [node.position]
        return zip(texts, positions).compactMap { text, position in
            do throws(PatternError) {
                let pattern = try Pattern(text)
                if let problem = PatternCost.problem(with: pattern) {
                    problems.error(problem.message, at: position, suggestion: problem.suggestion)
                }
                return pattern
            } catch {
                problems.error(error, at: position)
                return nil
            }
        }
    }

    /// `[decider] command`, or the classic `[codex] bin, extra_args`.
    private func decider(_ file: MappingDecoder) -> DeciderSettings? {
        let codex = section(file, "codex")
        let own = section(file, "decider")
        if let codex, own != nil {
            problems.error(
                "there are two deciders, '[codex]' and '[decider]'", at: codex.position,
                suggestion: "Keep one of them")
        }
        guard let section = own ?? codex else { return nil }
        var decider = DeciderSettings(command: [])
        if own != nil {
            if let node = section.node("command") {
                decider.command = section.decoder.strings(node, as: "command") ?? []
                if decider.command.first?.isEmpty != false {
                    problems.error(
                        "'command' of [decider] names no program", at: node.position,
                        suggestion: "Write for example [\"claude\", \"-p\", \"--output-format\", \"json\"]")
                } else if decider.command.count == 1, decider.command[0].contains(" ") {
                    problems.error(
                        "'command' of [decider] is a list of a program and its arguments", at: node.position,
                        suggestion:
                            "Write [\(decider.command[0].split(separator: " ").map { "\"\($0)\"" }.joined(separator: ", "))]"
                    )
                }
            } else {
                _ = section.requiredString("command")
            }
        } else {
            decider.command = [section.string("bin").flatMap { $0.isEmpty ? nil : $0 } ?? "codex", "exec"]
            decider.command += section.strings("extra_args") ?? ["--json"]
        }
        seconds(section, "timeout", least: 1).map { decider.timeout = $0 }
        section.stringTable("env").map { decider.environment = $0 }
        section.finish()
        return decider
    }
}
