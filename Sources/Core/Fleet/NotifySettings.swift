public import SystemPackage

/// `[notify]`: who hears of what, and how often.
public struct NotifySettings: Sendable, Equatable {
    /// Every channel that there is.
    public static let knownChannels = [
        "stdout", "serverchan", "wecom", "wecom_app", "local_bus", "webhook", "desktop", "tmux",
    ]

    public var channels: [String] = ["stdout"]
    /// Channels for one severity in place of `channels`.
    public var routes: [String: [String]] = [:]
    /// Channels for branches, in written order: the first that says something about a message decides.
    public var branches: [BranchRoute] = []
    /// When only critical messages go out at once; nil means never.
    public var quietHours: QuietHours?
    /// How many messages a channel gets in a while; nil means all.
    public var rate: RateLimit? = RateLimit(count: 20, per: .seconds(60))
    /// How long the same message is said once, and then again with a count; nil means that every one is said.
    public var collapse: Duration? = .seconds(60)
    /// Where channels find variables that the environment does not have; nil means `env` in the user's folder.
    public var environmentFile: FilePath?

    public init() {}
}

/// Who hears of an agent's branch.
public struct BranchRoute: Sendable, Equatable {
    public var branches: Glob
    /// For severities without an own entry; nil: this route says nothing about them.
    public var channels: [String]?
    public var severities: [String: [String]]

    public init(branches: Glob, channels: [String]? = nil, severities: [String: [String]] = [:]) {
        self.branches = branches
        self.channels = channels
        self.severities = severities
    }
}

/// `[escalation.<code>]`: who hears of one code of `escalate:`.
public struct EscalationSettings: Sendable, Equatable {
    public enum Severity: String, Sendable, CaseIterable {
        case info, warning, critical
    }

    /// Nil means the channels of `[notify]`.
    public var channels: [String]?
    public var severity = Severity.critical
    /// What the message's title begins with.
    public var title: String?
    /// A command line for `sh -c` in the subject's worktree, run beside the message.
    public var shell: String?

    public init() {}
}

/// A daily span of local time, written `22:00-07:00`; it may cross midnight.
public struct QuietHours: Sendable, Equatable {
    /// Minutes after midnight.
    public let start: Int
    public let end: Int

    public init?(_ text: String) {
        let parts = text.split(separator: "-", omittingEmptySubsequences: false)
        guard parts.count == 2, let start = Self.minutes(parts[0]), let end = Self.minutes(parts[1]),
            start != end
        else { return nil }
        self.start = start
        self.end = end
    }

    public func contains(minuteOfDay minute: Int) -> Bool {
        start < end ? (start..<end).contains(minute) : minute >= start || minute < end
    }

    private static func minutes(_ text: Substring) -> Int? {
        let parts = text.filter { $0 != " " }.split(separator: ":", omittingEmptySubsequences: false)
        guard parts.count == 2,
            parts.allSatisfy({ (1...2).contains($0.count) && $0.allSatisfy(\.isASCIIDigit) }),
            let hours = Int(parts[0]), let minutes = Int(parts[1]), hours < 24, minutes < 60
        else { return nil }
        return hours * 60 + minutes
    }
}

/// At most so many in such a span, written `20/1m`.
public struct RateLimit: Sendable, Equatable {
    public let count: Int
    public let span: Duration

    public init(count: Int, per span: Duration) {
        self.count = count
        self.span = span
    }

    public init?(_ text: String) {
        let parts = text.split(separator: "/", omittingEmptySubsequences: false)
        guard parts.count == 2, let count = Int(parts[0]), count > 0,
            let span = DurationText.parse(String(parts[1])), span > .zero
        else { return nil }
        self.init(count: count, per: span)
    }
}

extension Character {
    fileprivate var isASCIIDigit: Bool { isASCII && isNumber }
}
