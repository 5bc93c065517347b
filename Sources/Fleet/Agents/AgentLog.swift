internal import Core
internal import ProcessKit
internal import Store
public import SystemPackage
internal import TerminalKit

/// What an agent printed, from its tap.
public struct AgentLog: Sendable {
    public let path: FilePath
    let size: TerminalSize
    let kind: AgentKind

    /// The tap of the agent that `name` means.
    public init(of name: String, context: FleetContext) async throws {
        let agent = try await context.store.agent(named: name)
        guard let tap = agent.tap, Files.exists(tap) else {
            throw FleetError.fileUnreadable(
                agent.tap ?? context.logs, reason: "the agent has not printed anything yet")
        }
        path = tap
        kind = AgentKind(agent.program.kind)
        let settings = context.configuration.tmux
        size = TerminalSize(columns: settings.columns, rows: settings.rows)
    }

    /// Reads the tap as raw bytes, chunk by chunk; with `follow` it waits for more until it is cancelled.
    public func readRaw(follow: Bool, _ take: ([UInt8]) -> Void) async throws {
        try await readChunks(follow: follow) { bytes, _ in take(bytes) }
    }

    /// Reads the tap as a terminal shows it: finished lines one by one, then what stands on the screen.
    ///
    /// Escape sequences are carried out, not printed, and what is left of control characters is made visible.
    public func readText(follow: Bool, _ take: (String) -> Void) async throws {
        let reader = PaneReader(size: size, kind: kind)
        reader.wantsLines = true
        func print(_ readings: [Reading]) {
            for case .line(let text, _) in readings { take(text.visible) }
        }
        try await readChunks(follow: follow) { bytes, isLast in
            print(reader.feed(bytes))
            if isLast { print(reader.settle()) }
        }
    }

    private func readChunks(follow: Bool, _ take: ([UInt8], _ isLast: Bool) -> Void) async throws {
        let events = FileEvents()
        try events.watch(path.removingLastComponent())
        var offset: Int64 = 0
        events.wake()
        for await _ in events.wakes {
            while true {
                let bytes = try Files.read(path, from: offset, limit: 256 << 10)
                offset += Int64(bytes.count)
                let isEnd = bytes.count < 256 << 10
                take(bytes, isEnd)
                if isEnd { break }
            }
            if !follow { return }
        }
        throw CancellationError()
    }
}
