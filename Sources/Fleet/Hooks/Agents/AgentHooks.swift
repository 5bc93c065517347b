internal import Config
internal import Core
internal import Glibc
internal import ProcessKit
public import SystemPackage

/// Puts hooks into the settings of an agent program, which tell the fleet of the agent's state, and takes them out again.
///
/// Nothing else in the file changes. As long as nobody else edited it, `uninstall` gives back the very bytes that were there.
public struct AgentHooks: Sendable {
    public enum Agent: String, Sendable, CaseIterable { case claude, codex }

    /// Whose settings.
    public enum Scope: String, Sendable, CaseIterable {
        /// Those of the user, for every worktree.
        case user
        /// Those of the project, which git tracks: `.claude/settings.json`.
        case project
        /// Those of this checkout alone: `.claude/settings.local.json`.
        case local
    }

    let agent: Agent
    let scope: Scope
    let surroundings: Surroundings
    let places: Places
    /// The checkout that `project` and `local` mean.
    let checkout: FilePath

    public init(_ agent: Agent, scope: Scope, context: FleetContext, checkout: FilePath) {
        (self.agent, self.scope, self.checkout) = (agent, scope, checkout)
        (surroundings, places) = (context.surroundings, context.places)
    }

    /// The settings file, where it really lies.
    public var path: FilePath {
        let home = surroundings.home
        switch (agent, scope) {
        case (.claude, .user):
            let folder = surroundings.environment["CLAUDE_CONFIG_DIR"].flatMap {
                $0.isEmpty ? nil : FilePath($0)
            }
            return (folder ?? home.appending(".claude")).appending("settings.json")
        case (.claude, .project): return checkout.appending(".claude/settings.json")
        case (.claude, .local): return checkout.appending(".claude/settings.local.json")
        case (.codex, .user):
            let folder = surroundings.environment["CODEX_HOME"].flatMap { $0.isEmpty ? nil : FilePath($0) }
            return (folder ?? home.appending(".codex")).appending("config.toml")
        case (.codex, .project), (.codex, .local): return checkout.appending(".codex/config.toml")
        }
    }

    /// Adds what is missing; a second call changes nothing.
    public func install() throws -> HookInstallation {
        let file = try open()
        let result = try edit(file) { try settings.installed(in: file.bytes ?? []) }
        guard result != file.bytes else { return hook(.kept) }
        try keep(before: try before(file), after: result)
        try Files.makeFolder(file.target.removingLastComponent())
        try write(result, file)
        return hook(.installed)
    }

    /// Takes ours out; the original bytes when nobody else edited the file since.
    public func uninstall() throws -> HookInstallation {
        let file = try open()
        guard let bytes = file.bytes, try edit(file, { try settings.isInstalled(in: bytes) }) else {
            try forget()
            return hook(.absent)
        }
        if let original = try original(ifUnchanged: bytes) {
            if let text = original.bytes { try write(text, file) } else { try Files.remove(file.target) }
        } else {
            try write(try edit(file) { try settings.removed(from: bytes) }, file)
        }
        try forget()
        return hook(.removed)
    }

    public func status() throws -> HookInstallation {
        let file = try open()
        guard let bytes = file.bytes, try edit(file, { try settings.isInstalled(in: bytes) }) else {
            return hook(.absent)
        }
        return hook(.installed)
    }

    /// What stood there before ours, also when the file has ours already.
    private func before(_ file: File) throws -> [UInt8]? {
        guard let bytes = file.bytes, try edit(file, { try settings.isInstalled(in: bytes) }) else {
            return file.bytes
        }
        if let original = try original(ifUnchanged: bytes) { return original.bytes }
        return try edit(file) { try settings.removed(from: bytes) }
    }

    private var settings: any AgentHookSettings {
        let program = surroundings.executable.string
        return agent == .claude ? ClaudeHooks(program: program) : CodexHooks(program: program)
    }

    private func hook(_ state: HookInstallation.State) -> HookInstallation {
        HookInstallation(hooks: [.init(name: agent.rawValue, path: path, state: state)])
    }
}

extension AgentHooks {
    private struct File {
        /// Behind symbolic links, which stay.
        var target: FilePath
        /// Nil when there is no such file.
        var bytes: [UInt8]?
        var mode: FilePermissions
    }

    private static let longestFile = 4 << 20

    private func open() throws -> File {
        var target = path
        for _ in 0..<16 {
            guard let next = Files.linkTarget(target) else { break }
            target = target.removingLastComponent().pushing(FilePath(next)).normalized
        }
        var info = stat()
        let exists = unsafe stat(target.string, &info) == 0
        let bytes = try Files.read(target, limit: Self.longestFile + 1)
        guard (bytes?.count ?? 0) <= Self.longestFile else {
            throw FleetError.fileUnreadable(target, reason: "it has more than 4 MB")
        }
        let mode = exists ? FilePermissions(rawValue: info.st_mode & 0o777) : FilePermissions(rawValue: 0o600)
        return File(target: target, bytes: bytes, mode: mode)
    }

    /// Names file, line and column of what cannot be understood; nothing was changed then.
    private func edit<Value>(_ file: File, _ body: () throws -> Value) throws -> Value {
        do {
            return try body()
        } catch let error as Unfit {
            throw FleetError.settingsUnfit(error.rendered(file: path.string, file.bytes ?? []))
        } catch let error as JSONError {
            guard let offset = error.offset else {
                throw FleetError.settingsUnfit("\(path): \(error.message)")
            }
            let place = Unfit.place(of: offset, in: file.bytes ?? [])
            throw FleetError.settingsUnfit("\(path):\(place.line):\(place.column): \(error.message)")
        } catch let error as ConfigurationError {
            let problems = error.problems.map {
                "\(path):\($0.position.line):\($0.position.column): \($0.message)"
            }
            throw FleetError.settingsUnfit(
                problems.isEmpty ? error.message : problems.joined(separator: "\n"))
        }
    }

    private func write(_ bytes: [UInt8], _ file: File) throws {
        try Files.write(bytes, to: file.target, mode: file.mode)
    }

    /// Where the bytes before and after our change lie: settings can hold secrets, so nobody else may read them.
    private var keptFolder: FilePath {
        places.home.appending("agent-hooks").appending(Slug.hash(path.string))
    }

    private func keep(before: [UInt8]?, after: [UInt8]) throws {
        try Files.makeFolder(places.home, mode: 0o700)
        try Files.makeFolder(keptFolder, mode: 0o700)
        let mode = FilePermissions(rawValue: 0o600)
        if let before {
            try Files.write(before, to: keptFolder.appending("before"), mode: mode)
        } else {
            try Files.remove(keptFolder.appending("before"))
        }
        try Files.write(after, to: keptFolder.appending("after"), mode: mode)
    }

    private struct Original {
        /// Nil when there was no file.
        var bytes: [UInt8]?
    }

    /// What stood there before us, if the file is as we left it.
    private func original(ifUnchanged bytes: [UInt8]) throws -> Original? {
        guard try Files.read(keptFolder.appending("after")) == bytes else { return nil }
        return Original(bytes: try Files.read(keptFolder.appending("before")))
    }

    private func forget() throws {
        for name in ["before", "after"] { try Files.remove(keptFolder.appending(name)) }
        unsafe rmdir(keptFolder.string)
    }
}

extension JSONError {
    fileprivate var offset: Int? {
        switch self {
        case .unexpected(let offset, _), .unexpectedEnd(let offset), .tooDeep(let offset, _): offset
        case .tooLarge, .notUTF8: nil
        }
    }
}
