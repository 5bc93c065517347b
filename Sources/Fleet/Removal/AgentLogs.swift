internal import Core
internal import ProcessKit
internal import Store
internal import SystemPackage

/// The files that agents leave in the logs folder: taps with their pipe records and sizes.
///
/// They outlive their agent by a week, because that is when people ask what it did.
public struct AgentLogs: Sendable {
    let context: FleetContext

    public init(context: FleetContext) { self.context = context }

    static let retention = Duration.seconds(7 * 86_400)

    /// The files of agents that were removed, or never came to be, more than a week ago.
    func expired() async throws -> [FilePath] {
        let agents = try await context.store.agents(includingRemoved: true)
        let known = Dictionary(agents.map { ($0.id.rawValue, $0) }) { $1 }
        let now = context.surroundings.now()
        return Files.names(in: context.logs).compactMap { name in
            guard let end = name.firstRange(of: ".tap") else { return nil }
            let path = context.logs.appending(name)
            let agent = known[String(name[..<end.lowerBound])]
            if let agent, agent.removedAt == nil { return nil }
            guard let since = agent?.removedAt ?? Files.modifiedAt(path),
                now.distance(from: since) > Self.retention
            else { return nil }
            return path
        }
    }

    /// Deletes what is expired; the answer is how many files went.
    @discardableResult
    public func sweep() async throws -> Int {
        let files = try await expired()
        for path in files { try Files.remove(path) }
        return files.count
    }
}
