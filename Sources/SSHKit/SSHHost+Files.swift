internal import Core
internal import ProcessKit
internal import Synchronization
public import SystemPackage

extension SSHHost {
    /// So many bytes behind what was brought stay there, in case that the last ones here are lost.
    private static let keptThere: Int64 = 4 << 20

    /// A file there whose new bytes are added to one here.
    struct Followed: Sendable {
        var name: String
        var mirror: MirrorFile
        /// What is to be known to go on after a restart of this process.
        var record: FilePath
        /// How long the file here was before the first of its bytes, as the record has it.
        var base: Int64
        /// How many of its bytes are here.
        var offset: Int64
        /// The head there is given back up to here.
        var freed: Int64 = 0
    }

    /// The name under which the courier keeps a file that is called `text` here.
    public static func name(_ text: String) -> String { RemoteName.make(text) }

    /// Adds what comes to be in `name` of the courier's folder to the end of `mirror`, over all reconnections.
    ///
    /// From now on nobody else may add to `mirror` until `finish`, `leave` or `remove`: its length says, together with
    /// `record`, how far bringing came when this process was killed.
    public func begin(_ name: String, to mirror: FilePath, record: FilePath) throws {
        let mirror = MirrorFile(path: mirror)
        try mirror.create()
        let base = mirror.length
        try FollowRecord(name: name, base: base).write(to: record)
        follow(Followed(name: name, mirror: mirror, record: record, base: base, offset: 0))
    }

    /// Goes on with the file that `record` tells of, where a former process stopped; its name, or nil without a record.
    ///
    /// What came before the first `read` bytes of `mirror` is not brought again, also when somebody removed them here.
    public func resume(to mirror: FilePath, record: FilePath, read: Int64 = 0) throws -> String? {
        guard let known = try FollowRecord.read(record) else { return nil }
        let mirror = MirrorFile(path: mirror)
        try mirror.create()
        let offset = max(0, max(mirror.length, read) - known.base)
        follow(
            Followed(name: known.name, mirror: mirror, record: record, base: known.base, offset: offset))
        return known.name
    }

    /// The name of the file that `record` tells of; nil without a record.
    public static func recordedName(_ record: FilePath) throws -> String? {
        try FollowRecord.read(record)?.name
    }

    /// Brings no more of a file; it stays there.
    public func leave(_ name: String) {
        guard let id = state.withLock({ $0.id(of: name) }) else { return }
        let connection = state.withLock { state in
            state.files[id] = nil
            return state.connection
        }
        connection?.send("leave \(id)")
    }

    /// Brings the rest of a file to which nobody writes any more, and removes it there together with its record here.
    public func finish(_ name: String) async throws {
        let known = state.withLock { state in state.id(of: name).map { ($0, state.files[$0]?.record) } }
        guard let (id, record) = known else { return }
        guard await ask(.file(id), "finish \(id)") != nil else { throw lost }
        state.withLock { $0.files[id] = nil }
        if let record { try Files.remove(record) }
    }

    /// Removes a file there, if the machine is there.
    public func remove(_ name: String) {
        leave(name)
        state.withLock { $0.connection }?.send("remove \(name)")
    }

    /// Whether the process lives that wrote its line of /proc into `<name>.pipe` there.
    public func isWritten(_ name: String) async throws(SSHError) -> Bool {
        let request = state.withLock { state in
            state.count += 1
            return state.count
        }
        guard case .answer(_, let isYes) = await ask(.request(request), "written \(request) \(name)") else {
            throw lost
        }
        return isYes
    }

    private func follow(_ file: Followed) {
        let order = state.withLock { state -> (CourierConnection, String)? in
            guard state.id(of: file.name) == nil else { return nil }
            state.count += 1
            state.files[state.count] = file
            return state.connection.map { ($0, Self.order(state.count, file)) }
        }
        if let (connection, text) = order { connection.send(text) }
    }

    static func order(_ id: Int, _ file: Followed) -> String { "follow \(id) \(file.offset) \(file.name)" }

    /// On the reading thread, which alone changes offsets.
    func append(_ bytes: [UInt8], at offset: Int64, to id: Int, _ connection: CourierConnection) throws {
        // Nil: it was let go of while they were on their way.
        guard let file = state.withLock({ $0.files[id] }) else { return }
        guard offset == file.offset else {
            throw SSHError.malformed(line: "bytes at \(offset) in place of \(file.offset)")
        }
        let base = file.mirror.length - offset
        if base != file.base {
            // Somebody cut or removed the file here: whoever resumes finds from its new length how far bringing came.
            try FollowRecord(name: file.name, base: base).write(to: file.record)
            state.withLock { $0.files[id]?.base = base }
        }
        let (written, failure) = file.mirror.append(bytes)
        let end = offset + Int64(written)
        let free = (end - Self.keptThere) & ~4095
        let mayFree = free - file.freed >= Self.keptThere
        state.withLock { state in
            state.files[id]?.offset = end
            if mayFree { state.files[id]?.freed = free }
        }
        if mayFree { connection.send("free \(id) \(free)") }
        if let failure { throw failure }
    }

    /// Somebody emptied the file there: what it holds now follows what is here.
    func beginAnew(_ id: Int) throws {
        guard let file = state.withLock({ $0.files[id] }) else { return }
        let base = file.mirror.length
        try FollowRecord(name: file.name, base: base).write(to: file.record)
        state.withLock { state in
            state.files[id]?.base = base
            state.files[id]?.offset = 0
            state.files[id]?.freed = 0
        }
    }
}

extension SSHHost.State {
    fileprivate func id(of name: String) -> Int? { files.first { $0.value.name == name }?.key }
}

/// Which file there is brought, and how long the one here was before its first byte; less than nothing, when the one
/// here was cut since.
struct FollowRecord: Equatable {
    var name: String
    var base: Int64

    func write(to path: FilePath) throws(SSHError) {
        do {
            try Files.write("\(name) \(base)\n", to: path, mode: [.ownerReadWrite])
        } catch {
            throw .mirror(path: path.string, reason: "\(error)")
        }
    }

    /// Nil when there is none, or one that makes no sense.
    static func read(_ path: FilePath) throws -> FollowRecord? {
        let words = (try Files.readText(path, limit: 4096) ?? "").split(whereSeparator: \.isWhitespace)
        guard words.count == 2, let base = Int64(words[1]) else { return nil }
        return FollowRecord(name: String(words[0]), base: base)
    }
}
