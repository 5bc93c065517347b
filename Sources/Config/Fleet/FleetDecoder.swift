internal import Core
internal import SystemPackage

/// Fills a configuration from the tree of a fleet.toml, section by section.
struct FleetDecoder {
    let repository: FilePath
    let places: Places
    let problems: ProblemList
    /// The fleet's own detection rules: kinds of agents beside the built-in ones.
    var rules: [DetectionRules] = []

    func decode(_ root: DocumentNode) -> FleetConfiguration {
        let file = MappingDecoder(root, name: "fleet.toml", problems: problems)
        var fleet = FleetConfiguration(
            name: FleetFile.defaultName(of: repository), repository: repository, places: places)
        section(file, "fleet") { name($0, into: &fleet) }
        agents(file, into: &fleet)
        section(file, "worktree") { worktree($0, into: &fleet.worktree) }
        section(file, "tmux") { tmux($0, into: &fleet.tmux) }
        section(file, "state") { state in
            path(state, "db").map { fleet.stateDatabase = $0 }
            retention(state, into: &fleet)
        }
        section(file, "watch") { watch($0, into: &fleet.watch) }
        section(file, "notify") {
            NotifyDecoder.notify($0, into: &fleet.notify) { places.resolve($0, relativeTo: repository) }
        }
        escalations(file, into: &fleet)
        section(file, "summary") { fleet.summary.command = text($0, "command") }
        section(file, "dashboard") { dashboard($0, into: &fleet.dashboard) }
        section(file, "portal") { portal in
            portal.bool("enabled").map { fleet.portal.isEnabled = $0 }
            portal.integer("port", in: 0...65535).map { fleet.portal.port = $0 }
        }
        section(file, "git") { git in git.bool("notes").map { fleet.git.notes = $0 } }
        file.finish()
        return fleet
    }

    /// Reads one section, if it is there, and reports the keys in it that nobody asked for.
    private func section(_ parent: MappingDecoder, _ name: String, _ read: (MappingDecoder) -> Void) {
        guard let node = parent.node(name) else { return }
        guard node.entries != nil else {
            parent.decoder.mismatch(
                node, name, takes: "a section", suggestion: "Write '[\(name)]' on a line of its own")
            return
        }
        let section = MappingDecoder(node, name: "[\(name)]", problems: problems)
        read(section)
        section.finish()
    }

    private func name(_ section: MappingDecoder, into fleet: inout FleetConfiguration) {
        guard let name = text(section, "name"), let node = section.node("name") else { return }
        if name.unicodeScalars.contains(where: { $0.properties.generalCategory == .control })
            || name.contains("/")
        {
            problems.error(
                "the fleet's name contains '/' or a control character", at: node.position,
                suggestion: "Use letters, digits, '-', '_' and spaces")
        }
        fleet.name = name
    }

    private func worktree(_ section: MappingDecoder, into worktree: inout WorktreeSettings) {
        if let node = section.node("root"), let text = section.string("root") {
            let root = repository.pushing(FilePath(text)).normalized
            let git = repository.appending(".git")
            if text.hasPrefix("~") || root == repository || !root.isWithin(repository)
                || root.isWithin(git)
            {
                problems.error(
                    "'root' must be a folder inside the repository, but this is '\(ConfigurationProblem.visible(text))'",
                    at: node.position, suggestion: "Write a path such as \".tmuxagent/worktrees\"")
            }
            worktree.root = root
        }
        worktree.base = text(section, "base")
        inside(section, "copy").map { worktree.copy = $0 }
        inside(section, "link").map { worktree.link = $0 }
        section.strings("setup").map { worktree.setup = $0.filter { !$0.isEmpty } }
    }

    /// A list of relative paths or globs that cannot leave the repository.
    private func inside(_ section: MappingDecoder, _ key: String) -> [String]? {
        guard let node = section.node(key), let paths = section.strings(key) else { return nil }
        let places = node.elements?.map(\.position) ?? [node.position]
        for (path, position) in zip(paths, places) {
            let leaves =
                path.split(separator: "/").contains("..") || path.hasPrefix("/") || path.hasPrefix("~")
            guard leaves || path.isEmpty else { continue }
            problems.error(
                "'\(key)' stays inside the repository, but this is '\(ConfigurationProblem.visible(path))'",
                at: position, suggestion: "Write a path relative to the repository, without '..'")
        }
        return paths
    }

    private func tmux(_ section: MappingDecoder, into tmux: inout TmuxSettings) {
        if let node = section.node("prefix"), let prefix = section.string("prefix") {
            if prefix.isEmpty || prefix.contains(where: { ".:#".contains($0) || $0.isWhitespace }) {
                problems.error(
                    "'prefix' begins a tmux session's name, which takes no '.', ':', '#' and space and is not empty",
                    at: node.position, suggestion: "Write for example \"agent-\"")
            }
            tmux.prefix = prefix
        }
        if let program = text(section, "bin") { tmux.program = program }
        tmux.socket = text(section, "socket")
        if tmux.socket?.contains("/") == true, let node = section.node("socket") {
            problems.error(
                "'socket' is a name for 'tmux -L', not a path", at: node.position,
                suggestion: "Write a name such as \"agents\"")
        }
        guard let node = section.node("size"), let size = section.string("size") else { return }
        let parts = size.split(separator: "x", omittingEmptySubsequences: false).map { Int($0) }
        guard parts.count == 2, let columns = parts[0], let rows = parts[1], (20...1000).contains(columns),
            (5...1000).contains(rows)
        else {
            problems.error(
                "'size' takes columns x rows, but this is '\(ConfigurationProblem.visible(size))'",
                at: node.position, suggestion: "Write for example \"200x50\"")
            return
        }
        (tmux.columns, tmux.rows) = (columns, rows)
    }

    private func retention(_ section: MappingDecoder, into fleet: inout FleetConfiguration) {
        guard let node = section.node("keep"), node.value != .string("") else { return }
        if node.value == .string("forever") {
            fleet.retention = nil
        } else if case .string(let text) = node.value, let keep = DurationText.parse(text),
            keep >= .seconds(86_400)
        {
            fleet.retention = keep
        } else {
            section.decoder.mismatch(
                node, "keep", takes: "a duration of at least 1d",
                suggestion: "Write for example \"30d\", or \"forever\"")
        }
    }

    private func watch(_ section: MappingDecoder, into watch: inout WatchSettings) {
        path(section, "policy").map { watch.policy = $0 }
        path(section, "approval_dir").map { watch.approvals = $0 }
        path(section, "bus_dir").map { watch.bus = $0 }
        section.bool("heuristics").map { watch.heuristics = $0 }
        guard let node = section.node("tap_max") else { return }
        guard let size = ByteSizeText.parse(node.text), size >= 1 << 20 else {
            section.decoder.mismatch(
                node, "tap_max", takes: "a size of at least 1MB", suggestion: "Write for example \"64MB\"")
            return
        }
        watch.tapLimit = size
    }

    private func escalations(_ file: MappingDecoder, into fleet: inout FleetConfiguration) {
        for (name, section) in named(file, "escalation") {
            fleet.escalations[name] = NotifyDecoder.escalation(section)
            section.finish()
        }
    }

    private func dashboard(_ section: MappingDecoder, into dashboard: inout DashboardSettings) {
        if let host = text(section, "host") { dashboard.host = host }
        section.integer("port", in: 0...65535).map { dashboard.port = $0 }
        dashboard.tokenFile = path(section, "token_file")
        section.choice("login", of: DashboardSettings.Login.self).map { dashboard.login = $0 }
        if var url = text(section, "public_url"), let node = section.node("public_url") {
            while url.hasSuffix("/") { url.removeLast() }
            if !url.hasPrefix("http://") && !url.hasPrefix("https://") {
                problems.error(
                    "'public_url' is what a browser opens, but this is '\(ConfigurationProblem.visible(url))'",
                    at: node.position, suggestion: "Begin it with https:// or http://")
            }
            dashboard.publicURL = url
        }
        let isLoopback = ["127.0.0.1", "::1", "localhost"].contains(dashboard.host)
        if !isLoopback, dashboard.tokenFile == nil, let node = section.node("host") {
            problems.error(
                "'\(ConfigurationProblem.visible(dashboard.host))' can be reached from other machines, and there is no 'token_file'",
                at: node.position, suggestion: "Name a file with a token in 'token_file', or use 127.0.0.1")
        }
    }
}

// MARK: - Values

extension FleetDecoder {
    /// The sections below one name, such as `[agents.codex]`, in written order.
    func named(_ file: MappingDecoder, _ group: String) -> [(name: String, section: MappingDecoder)] {
        guard let node = file.node(group), let mapping = file.decoder.mapping(node, as: group) else {
            return []
        }
        return (mapping.node.entries ?? []).compactMap { entry in
            guard entry.value.entries != nil else {
                problems.error(
                    "'[\(group)]' holds sections with a name of their own, but '\(ConfigurationProblem.visible(entry.key))' is \(entry.value.summary)",
                    at: entry.keyPosition, suggestion: "Write '[\(group).<name>]' above this line")
                return nil
            }
            return (
                entry.key,
                MappingDecoder(entry.value, name: "[\(group).\(entry.key)]", problems: problems)
            )
        }
    }

    /// The text at `key`; nil when it is absent or empty, which both mean the default.
    func text(_ section: MappingDecoder, _ key: String) -> String? {
        guard let text = section.string(key), !text.isEmpty else { return nil }
        return text
    }

    private func path(_ section: MappingDecoder, _ key: String) -> FilePath? {
        text(section, key).map { places.resolve($0, relativeTo: repository) }
    }
}
