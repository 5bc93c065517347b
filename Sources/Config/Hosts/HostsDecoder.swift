internal import Core
internal import SystemPackage

/// Fills the classic configuration from its tree.
struct HostsDecoder {
    let base: FilePath
    let places: Places
    let problems: ProblemList

    func decode(_ root: DocumentNode) -> HostsConfiguration {
        var configuration = HostsConfiguration(places: places)
        guard !root.isNull else { return configuration }
        guard let file = NodeDecoder(problems: problems).mapping(root, as: "hosts.yaml") else {
            return configuration
        }
        if let node = file.node("poll_interval_ms") {
            _ = file.decoder.number(node, as: "poll_interval_ms")
            problems.warning(
                "'poll_interval_ms' has no effect: tmux reports output by itself, and nothing is polled",
                at: file.entry("poll_interval_ms")?.keyPosition ?? node.position,
                suggestion: "Remove the line")
        }
        if let program = file.string("tmux_bin"), !program.isEmpty { configuration.tmuxProgram = program }
        path(file, "sqlite_path").map { configuration.stateDatabase = $0 }
        path(file, "approval_dir").map { configuration.approvals = $0 }
        path(file, "bus_dir").map { configuration.bus = $0 }
        if let node = file.node("notify"), let channels = NotifyDecoder.channels(node, "notify", file.decoder)
        {
            configuration.channels = channels
        }
        let hosts = hosts(file)
        if !hosts.isEmpty { configuration.hosts = hosts }
        file.finish()
        return configuration
    }

    private func hosts(_ file: MappingDecoder) -> [HostConfiguration] {
        var hosts: [HostConfiguration] = []
        var places: [String: SourcePosition] = [:]
        for (index, node) in (file.array("hosts") ?? []).enumerated() {
            guard let entry = file.decoder.mapping(node, as: "host \(index + 1)") else { continue }
            guard let name = entry.requiredString("name") else { continue }
            let position = entry.node("name")?.position ?? node.position
            if let first = places[name] {
                problems.error(
                    "two hosts are named '\(ConfigurationProblem.visible(name))'; the first is in line \(first.line)",
                    at: position,
                    suggestion: "Give each host a name of its own: state and approvals are kept by it")
            }
            places[name] = places[name] ?? position
            if name.contains("/") || name.hasPrefix(".") {
                problems.error(
                    "'\(ConfigurationProblem.visible(name))' cannot name a host: approval files are kept in a folder of that name",
                    at: position, suggestion: "Use letters, digits, '-' and '_'")
            }
            hosts.append(host(MappingDecoder(node, name: "host '\(name)'", problems: problems), name))
        }
        return hosts
    }

    /// A host with `ssh:` and `tmux:` groups, or with their keys at its own level.
    private func host(_ entry: MappingDecoder, _ name: String) -> HostConfiguration {
        entry.accept("name")
        var host = HostConfiguration(name: name)
        if let ssh = entry.mapping("ssh") {
            let ssh = MappingDecoder(ssh.node, name: "'ssh' of host '\(name)'", problems: problems)
            host.ssh = self.ssh(ssh)
            ssh.finish()
            refuse(Self.sshKeys, of: entry, beside: "ssh")
        } else if entry.contains("host") || entry.contains("password") {
            host.ssh = ssh(entry)
        } else {
            for key in Self.sshKeys where entry.contains(key) {
                entry.accept(key)
                problems.error(
                    "'\(key)' is about ssh, but the host has no 'host'",
                    at: entry.entry(key)?.keyPosition ?? entry.node.position,
                    suggestion: "Add 'host: <name or address>', or remove '\(key)' for this machine")
            }
        }
        if let tmux = entry.mapping("tmux") {
            let tmux = MappingDecoder(tmux.node, name: "'tmux' of host '\(name)'", problems: problems)
            self.tmux(tmux, into: &host)
            tmux.finish()
            refuse(Self.tmuxKeys, of: entry, beside: "tmux")
        } else {
            tmux(entry, into: &host)
        }
        entry.finish()
        return host
    }

    private static let sshKeys = ["host", "port", "user", "key", "key_path", "timeout", "password"]
    private static let tmuxKeys = ["socket", "session_filters", "pane_name_patterns", "capture_lines"]

    /// Keys of a group that stand beside it.
    private func refuse(_ keys: [String], of entry: MappingDecoder, beside group: String) {
        for key in keys where entry.contains(key) {
            entry.accept(key)
            problems.error(
                "'\(key)' stands beside '\(group):'",
                at: entry.entry(key)?.keyPosition ?? entry.node.position,
                suggestion: "Move '\(key)' into '\(group):', or write all its keys without the group")
        }
    }

    private func ssh(_ section: MappingDecoder) -> SSHSettings? {
        if let password = section.entry("password") {
            problems.error(
                "a password for ssh is not taken from a file", at: password.keyPosition,
                suggestion: "Use 'key: ~/.ssh/…' or an ssh agent, and remove the password from this file")
        }
        let host = section.requiredString("host")
        if let host, host.hasPrefix("-"), let node = section.node("host") {
            problems.error(
                "a host cannot begin with '-'", at: node.position,
                suggestion: "Write a name or an address; settings of ssh belong into ~/.ssh/config")
        }
        var settings = SSHSettings(host: host ?? "")
        section.integer("port", in: 1...65535).map { settings.port = $0 }
        settings.user = section.string("user")
        let keys = ["key", "key_path"].filter { section.contains($0) }
        if keys.count == 2, let second = section.entry("key_path") {
            problems.warning(
                "'key' and 'key_path' mean the same; 'key' is used", at: second.keyPosition,
                suggestion: "Remove one of them")
        }
        settings.key = keys.first.flatMap { path(section, $0) }
        if let timeout = section.duration("timeout", bareSeconds: true), let node = section.node("timeout") {
            settings.timeout = timeout
            if timeout < .seconds(1) {
                problems.error(
                    "'timeout' must be at least 1s", at: node.position,
                    suggestion: "Remove it for 30 seconds, or write a longer one")
            }
        }
        return host == nil ? nil : settings
    }

    private func tmux(_ section: MappingDecoder, into host: inout HostConfiguration) {
        if let socket = section.string("socket"), !socket.isEmpty { host.socket = socket }
        host.filter = PaneFilter(
            sessions: patterns(section, "session_filters"), names: patterns(section, "pane_name_patterns"))
        section.integer("capture_lines", in: 1...1_000_000).map { host.captureLines = $0 }
    }

    private func patterns(_ section: MappingDecoder, _ key: String) -> [Pattern] {
        guard let node = section.node(key) else { return [] }
        let elements = node.elements ?? [node]
        return elements.compactMap { element in
            guard let text = section.decoder.string(element, as: key) else { return nil }
            do throws(PatternError) {
                return try Pattern(text)
            } catch {
                problems.error(error, at: element.position)
                return nil
            }
        }
    }

    private func path(_ section: MappingDecoder, _ key: String) -> FilePath? {
        guard let text = section.string(key), !text.isEmpty else { return nil }
        return places.resolve(text, relativeTo: base)
    }
}
