internal import Core
internal import ProcessKit
internal import SystemPackage

/// A shell line that is to run on another machine once.
public struct RemoteAction: Sendable {
    /// One and the same for every attempt to start it.
    public var key: String
    public var command: String
    public var timeout: Duration
    public var environment: [String: String]
    /// Where it runs; nil for the home folder.
    public var folder: String?

    public init(
        key: String, command: String, timeout: Duration, environment: [String: String], folder: String?
    ) {
        self.key = key
        self.command = command
        self.timeout = timeout
        self.environment = environment
        self.folder = folder
    }
}

extension SSHHost {
    /// Starts the action unless its key was claimed there, waits for its end, and says how it ended.
    ///
    /// Never `unclaimed`. When the connection is lost meanwhile it throws `notConnected`: the action goes on there, and
    /// asking again with the same key finds out what became of it.
    public func perform(_ action: RemoteAction) async throws -> RemoteFate {
        let key = RemoteName.make(action.key)
        for pause in [0, 400, 800, 1600, 3200] {
            var fate = try await fate(of: key)
            if fate == .unclaimed, pause > 0 {
                // A runner that was started a moment ago may not have come to its claim.
                try await Task.sleep(for: .milliseconds(pause))
                fate = try await self.fate(of: key)
            }
            guard fate == .unclaimed else { return fate }
            try await start(action, key)
        }
        let fate = try await fate(of: key)
        guard fate == .unclaimed else { return fate }
        throw SSHError.notStarted(reason: "its process did not begin")
    }

    private func fate(of key: String) async throws -> RemoteFate {
        let frame = await ask(.action(key), "action \(key)")
        try Task.checkCancellation()
        guard case .fate(_, let fate) = frame else { throw lost }
        return fate
    }

    private func start(_ action: RemoteAction, _ key: String) async throws {
        guard let facts else { throw lost }
        let milliseconds = max(1, action.timeout.inMilliseconds)
        let seconds = "\(milliseconds / 1000).\(String(milliseconds % 1000 + 1000).dropFirst())"
        // By standard input: a payload in the environment may be longer than one argument may be.
        var script = ""
        for (name, value) in action.environment.sorted(by: { $0.key < $1.key }) where Self.isVariable(name) {
            script += "\(name)=\(Command.quoted(value))\nexport \(name)\n"
        }
        let arguments = [key, seconds, action.folder ?? "", action.command, facts.folder]
        script += "cd || exit 1\nset -- "
        script += ([ActionScript.runner] + arguments).map(Command.quoted).joined(separator: " ")
        script += "\n" + ActionScript.launcher
        let result = try await CommandRunner().run(
            carry(Command("sh", ["-s"], environment: [:], input: Array(script.utf8), timeout: .seconds(20))))
        try Task.checkCancellation()
        guard !result.isSuccess else { return }
        // Lost in the middle it may have begun all the same: whoever asks again finds out.
        guard result.exitCode != 255, result.termination != .timedOut else { throw lost }
        throw SSHError.notStarted(reason: String(result.errorText.prefix(300)).visible)
    }

    /// Whether a shell can set it.
    private static func isVariable(_ name: String) -> Bool {
        guard let first = name.utf8.first, !(UInt8(ascii: "0")...UInt8(ascii: "9")).contains(first) else {
            return false
        }
        return name.utf8.allSatisfy { byte in
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"):
                true
            default: false
            }
        }
    }
}
