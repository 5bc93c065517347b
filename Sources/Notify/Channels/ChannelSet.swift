internal import Core
internal import ProcessKit
public import SystemPackage
public import TmuxKit

/// The channels that the settings name, made from what they need; those that lack something say what.
public struct ChannelSet: Sendable {
    public let channels: [String: any Channel]
    /// Channels that cannot be used, with why: to be said once, not with each message.
    public let unusable: [String: String]

    /// What channels are made from.
    public struct Parts: Sendable {
        public var environment: NotifyEnvironment
        /// What webhook calls are signed with; asked for only when there is one.
        public var secret: @Sendable () throws -> [UInt8]
        /// The user's own folder, for tokens.
        public var home: FilePath
        public var bus: FilePath
        /// The server whose clients see messages; nil: there is none.
        public var tmux: Tmux?

        public init(
            environment: NotifyEnvironment, secret: @escaping @Sendable () throws -> [UInt8], home: FilePath,
            bus: FilePath, tmux: Tmux?
        ) {
            self.environment = environment
            self.secret = secret
            self.home = home
            self.bus = bus
            self.tmux = tmux
        }
    }

    /// What a channel lacks.
    private struct Missing: Error {
        var reason: String
    }

    public init(named names: some Sequence<String>, _ parts: Parts) throws {
        var channels: [String: any Channel] = [:]
        var unusable: [String: String] = [:]
        for name in Set(names).sorted() {
            do {
                channels[name] = try Self.channel(name, parts)
            } catch let missing as Missing {
                unusable[name] = missing.reason
            }
        }
        self.channels = channels
        self.unusable = unusable
    }

    private static func channel(_ name: String, _ parts: Parts) throws -> any Channel {
        let environment = parts.environment
        func variable(_ name: String) throws -> String {
            guard let value = environment[name] else { throw Missing(reason: "\(name) is not set") }
            return value
        }
        let caller = Caller(name, redaction: environment.redaction)
        let base = WeComBase(environment["WECOM_API_BASE"])
        switch name {
        case "stdout": return StandardOutput()
        case "webhook":
            return Webhook(
                url: try variable("NOTIFY_WEBHOOK_URL"), secret: try parts.secret(), caller: caller)
        case "serverchan":
            return ServerChan(
                key: try variable("SENTRY_SERVERCHAN_KEY"), base: environment["SERVERCHAN_API_BASE"],
                caller: caller)
        case "wecom": return WeComRobot(webhook: try variable("WECOM_WEBHOOK"), base: base, caller: caller)
        case "wecom_app":
            let settings = WeComApp.Settings(
                corporation: try variable("WECOM_CORP_ID"), agent: try variable("WECOM_AGENT_ID"),
                secret: try variable("WECOM_APP_SECRET"), users: environment["WECOM_TOUSER"],
                parties: environment["WECOM_TOPARTY"], tags: environment["WECOM_TOTAG"])
            return WeComApp(
                settings, base: base, caller: caller, tokens: parts.home.appending("tokens"))
        case "local_bus": return LocalBus(BusWriter(BusFolder(parts.bus)))
        case "desktop": return try desktop(environment)
        case "tmux":
            guard let tmux = parts.tmux else { throw Missing(reason: "there is no tmux server of ours") }
            return StatusLine(server: TmuxServer(tmux))
        default: throw Missing(reason: "there is no such channel")
        }
    }

    private static func desktop(_ environment: NotifyEnvironment) throws -> Desktop {
        guard Desktop.variables.contains(where: { environment[$0] != nil }) else {
            throw Missing(
                reason: "none of \(Desktop.variables.joined(separator: ", ")) is set: there is no desktop")
        }
        do {
            _ = try CommandRunner.resolve(Desktop.program, environment: environment.variables)
        } catch {
            throw Missing(reason: "there is no program '\(Desktop.program)' (package libnotify-bin)")
        }
        return Desktop(environment: environment.variables)
    }
}
