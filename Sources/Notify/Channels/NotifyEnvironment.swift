public import Config
public import Core
public import SystemPackage

/// Where channels find addresses and secrets: the environment, else a file that only its owner may read.
public struct NotifyEnvironment: Sendable {
    public let variables: [String: String]
    /// Hides the secrets among them.
    public let redaction: Redaction
    /// What is odd about the file.
    public let warnings: [ConfigurationProblem]

    /// Every variable that some channel reads.
    static let known =
        secret + [
            "WECOM_AGENT_ID", "WECOM_TOUSER", "WECOM_TOPARTY", "WECOM_TOTAG", "WECOM_API_BASE",
            "SERVERCHAN_API_BASE",
        ] + Desktop.variables
    private static let secret = [
        "NOTIFY_WEBHOOK_URL", "SENTRY_SERVERCHAN_KEY", "WECOM_WEBHOOK", "WECOM_CORP_ID", "WECOM_APP_SECRET",
    ]

    /// Reads `file`, else `env` in the user's folder; the environment wins over both.
    ///
    /// Throws ``ConfigurationError`` for a file that others may read, or that cannot be understood.
    public init(_ environment: [String: String], file: FilePath?, places: Places) throws {
        let path = file ?? places.home.appending("env")
        let read = try EnvironmentFile.load(path, known: Self.known)
        if read == nil, file != nil { throw ConfigurationError.notFound(file: path.string) }
        let given = environment.filter { !$0.value.isEmpty }
        variables = (read?.value ?? [:]).filter { !$0.value.isEmpty }.merging(given) { $1 }
        warnings = read?.warnings ?? []
        var redaction = Redaction()
        for name in Self.secret + ["APPROVAL_SECRET"] {
            guard let value = variables[name] else { continue }
            redaction.add(value)
            for part in Self.secretParts(of: value) { redaction.add(part) }
        }
        self.redaction = redaction
    }

    /// What an address holds behind its host, but for short words such as `send`.
    private static func secretParts(of value: String) -> [String] {
        guard let scheme = value.firstRange(of: "://") else { return [] }
        return value[scheme.upperBound...].split { "/?&=#".contains($0) }.dropFirst().map(String.init)
            .filter { $0.utf8.count >= 10 }
    }

    subscript(name: String) -> String? { variables[name] }
}
