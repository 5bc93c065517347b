internal import Core
internal import ProcessKit
public import SystemPackage

/// How much room one kind of the fleet's files takes on the disk, and what keeps it from growing for ever.
public struct DiskUse: Sendable {
    /// A stable word for JSON; never renamed.
    public enum Kind: String, Sendable, CaseIterable {
        case database
        case taps
        case actions
        case log
        case bus
    }

    public var kind: Kind
    /// The file, or the folder that holds the files.
    public var path: FilePath
    public var files: Int
    /// What the files take, without the parts of them that were freed.
    public var bytes: Int64
    /// What they can grow to; nil where age and not size decides, or nothing does.
    public var limit: Int64?
    /// What is kept, for people.
    public var bound: String
}

extension DiskUse {
    static func of(_ context: FleetContext, agents: Int) -> [DiskUse] {
        let configuration = context.configuration
        let age = configuration.retention.map { "what ended more than \($0.inDays) days ago is deleted" }
        let tapLimit = Int64(configuration.watch.tapLimit)
        let database = configuration.stateDatabase.string
        let log = context.run.appending("daemon.log")
        let actions = context.run.appending("actions")
        return [
            DiskUse(
                .database, configuration.stateDatabase,
                ["", "-wal", "-shm"].map { FilePath(database + $0) }, limit: nil,
                bound: age.map { "all fleets; \($0)" } ?? "all fleets; nothing is ever deleted"),
            DiskUse(
                .taps, context.logs, files(in: context.logs), limit: tapLimit * Int64(agents),
                bound: "the last \(tapLimit.inMegabytes) of each of \(agents), and a week of removed ones"),
            DiskUse(
                .actions, actions, Files.names(in: actions).flatMap { files(in: actions.appending($0)) },
                limit: nil, bound: "1 MB of output each; \(age ?? "nothing is ever deleted")"),
            DiskUse(
                .log, log, [log, FilePath(log.string + ".1")], limit: 16 << 20,
                bound: "8 MB, and the 8 MB before"),
            DiskUse(
                .bus, configuration.watch.bus, files(in: configuration.watch.bus), limit: nil,
                bound: "five files of 8 MB for each of three; more while a reader is behind"),
        ]
    }

    private init(_ kind: Kind, _ path: FilePath, _ files: [FilePath], limit: Int64?, bound: String) {
        let sizes = files.compactMap { Files.diskUse($0) }
        self.init(
            kind: kind, path: path, files: sizes.count, bytes: sizes.reduce(0, +), limit: limit, bound: bound)
    }

    private static func files(in folder: FilePath) -> [FilePath] {
        Files.names(in: folder).map { folder.appending($0) }.filter { !Files.isFolder($0) }
    }
}

extension Duration {
    fileprivate var inDays: Int64 { components.seconds / 86_400 }
}

extension Int64 {
    /// Megabytes as settings write them, of 1024 times 1024 bytes: `64 MB`, `0.4 MB`.
    public var inMegabytes: String {
        let tenths = (self * 10 + (1 << 19)) >> 20
        return tenths % 10 == 0 ? "\(tenths / 10) MB" : "\(tenths / 10).\(tenths % 10) MB"
    }
}
