internal import Core
internal import SystemPackage

/// Reads `[notify]` and `[escalation.<code>]`.
enum NotifyDecoder {
    private static let severities = Notice.Severity.allCases.map(\.rawValue)

    static func notify(
        _ section: MappingDecoder, into notify: inout NotifySettings, path: (String) -> FilePath
    ) {
        if let node = section.node("channels"), let channels = channels(node, "channels", section.decoder) {
            notify.channels = channels
        }
        if let node = section.node("routes"), let routes = section.decoder.mapping(node, as: "routes") {
            notify.routes = bySeverity(routes, what: "'routes' has no severity")
        }
        if let node = section.node("branches"), let branches = section.decoder.mapping(node, as: "branches") {
            notify.branches = (branches.node.entries ?? []).map { branch($0, branches.decoder) }
        }
        if let text = section.string("env_file"), !text.isEmpty { notify.environmentFile = path(text) }
        if let node = section.node("collapse"), let text = section.string("collapse") {
            notify.collapse = text.isEmpty ? nil : DurationText.parse(text)
            if notify.collapse == nil, !text.isEmpty {
                section.decoder.mismatch(
                    node, "collapse", takes: "a duration", suggestion: "Write for example \"1m\"")
            }
        }
        if let node = section.node("quiet_hours"), let text = section.string("quiet_hours"), !text.isEmpty {
            notify.quietHours = QuietHours(text)
            if notify.quietHours == nil {
                section.decoder.mismatch(
                    node, "quiet_hours", takes: "two times", suggestion: "Write for example \"22:00-07:00\"")
            }
        }
        if let node = section.node("rate"), let text = section.string("rate") {
            notify.rate = RateLimit(text)
            if notify.rate == nil, !text.isEmpty {
                section.decoder.mismatch(
                    node, "rate", takes: "a number for a time", suggestion: "Write for example \"20/1m\"")
            }
        }
    }

    /// `"release/*" = "wecom"`, or `"release/*" = { critical = "wecom,tmux" }`.
    private static func branch(_ entry: DocumentEntry, _ decoder: NodeDecoder) -> BranchRoute {
        var route = BranchRoute(branches: .branch(entry.key))
        if entry.key.isEmpty {
            decoder.problems.error(
                "a route for branches has no branch", at: entry.keyPosition,
                suggestion: "Write for example \"release/*\"")
        }
        if entry.value.entries != nil, let severities = decoder.mapping(entry.value, as: entry.key) {
            let shown = ConfigurationProblem.visible(entry.key)
            route.severities = bySeverity(severities, what: "the route of '\(shown)' has no severity")
        } else {
            route.channels = channels(entry.value, entry.key, decoder)
        }
        return route
    }

    private static func bySeverity(_ section: MappingDecoder, what: String) -> [String: [String]] {
        var routes: [String: [String]] = [:]
        for entry in section.node.entries ?? [] {
            guard severities.contains(entry.key) else {
                section.decoder.unknown(entry.key, what: what, among: severities, at: entry.keyPosition)
                continue
            }
            routes[entry.key] = channels(entry.value, entry.key, section.decoder)
        }
        return routes
    }

    static func escalation(_ section: MappingDecoder) -> EscalationSettings {
        var escalation = EscalationSettings()
        escalation.channels = section.node("channels").flatMap { channels($0, "channels", section.decoder) }
        section.choice("severity", of: EscalationSettings.Severity.self).map { escalation.severity = $0 }
        escalation.title = section.string("title")
        escalation.shell = section.string("shell").flatMap { $0.isEmpty ? nil : $0 }
        return escalation
    }

    /// Channels as a list, or as one text with commas, which is how the classic files have them.
    static func channels(_ node: DocumentNode, _ key: String, _ decoder: NodeDecoder) -> [String]? {
        guard let texts = decoder.strings(node, as: key) else { return nil }
        let names = texts.flatMap { $0.split(separator: ",") }.map { $0.filter { !$0.isWhitespace } }
            .filter { !$0.isEmpty }
        for name in names where !NotifySettings.knownChannels.contains(name) {
            decoder.unknown(
                name, what: "there is no channel", among: NotifySettings.knownChannels, at: node.position)
        }
        return names
    }
}
