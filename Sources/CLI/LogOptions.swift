internal import ArgumentParser
internal import Core
internal import Logging

/// How much a command that stays in its terminal says of its work.
struct LogOptions: ParsableArguments {
    @Option(
        name: .long,
        help: "trace, debug, info, notice, warning, error or critical (default: LOG_LEVEL, else info)")
    var logLevel: String?

    func validate() throws { try Self.check(logLevel) }

    func logger(_ context: CommandContext) -> Logger { Self.logger(logLevel, context) }

    static func check(_ level: String?) throws {
        guard let level, Logger.Level(rawValue: level.lowercased()) == nil else { return }
        let levels = Logger.Level.allCases.map(\.rawValue).joined(separator: ", ")
        throw ValidationError("'\(level)' is no log level: use \(levels)")
    }

    /// Writes to standard error from `level` on, else from LOG_LEVEL's, else from `usual`.
    static func logger(
        _ level: String?, _ context: CommandContext, usual: Logger.Level = .info
    ) -> Logger {
        var logger = Logger(label: "tmux-agent") { StreamLogHandler.standardError(label: $0) }
        let name = level ?? context.surroundings.environment["LOG_LEVEL"]
        logger.logLevel = name.flatMap { Logger.Level(rawValue: $0.lowercased()) } ?? usual
        return logger
    }
}
