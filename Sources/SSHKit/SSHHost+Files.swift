internal import Core
internal import ProcessKit
internal import Synchronization
public import SystemPackage

extension SSHHost {
    /// So many bytes behind what was brought stay there, in case that the last ones here are lost.
    private static let keptThere: Int64 = 4 << 20

    /// The name under which the courier keeps a file that is called `text` here.
    public static func name(_ text: String) -> String { RemoteName.make(text) }

    /// Brings the file `name` of the courier's folder to the end of `mirror`, from now on and after each reconnection.
    ///
    /// `mirror` has the same bytes at the same offsets: its length is where bringing goes on. Asking again changes nothing.
    public func follow(_ name: String, to mirror: FilePath) throws {
        let file = Followed(name: name, mirror: MirrorFile(path: mirror))
        try file.mirror.create()
        let order = state.withLock { state -> (CourierConnection, String)? in
            guard !state.files.values.contains(where: { $0.name == name }) else { return nil }
            state.count += 1
            state.files[state.count] = file
            return state.connection.map { ($0, Self.order(state.count, file)) }
        }
        if let (connection, text) = order { connection.send(text) }
    }

    /// Brings no more of a file; it stays there.
    public func leave(_ name: String) {
        let order = state.withLock { state -> (CourierConnection, String)? in
            guard let id = state.id(of: name) else { return nil }
            state.files[id] = nil
            return state.connection.map { ($0, "leave \(id)") }
        }
        if let (connection, text) = order { connection.send(text) }
    }

    /// Brings the rest of a file to which nobody writes any more, and removes it there.
    public func finish(_ name: String) async throws(SSHError) {
        guard let id = state.withLock({ $0.id(of: name) }) else { return }
        guard await ask(.file(id), "finish \(id)") != nil else { throw lost }
        state.withLock { $0.files[id] = nil }
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

    static func order(_ id: Int, _ file: Followed) -> String {
        "follow \(id) \(file.mirror.length) \(file.name)"
    }

    func append(_ bytes: [UInt8], at offset: Int64, to id: Int, _ connection: CourierConnection) throws {
        // Nil: it was let go of while they were on their way.
        guard let file = state.withLock({ $0.files[id] }) else { return }
        try file.mirror.append(bytes, at: offset)
        let end = (offset + Int64(bytes.count) - Self.keptThere) & ~4095
        guard end - file.freed >= Self.keptThere else { return }
        state.withLock { $0.files[id]?.freed = end }
        connection.send("free \(id) \(end)")
    }
}

extension SSHHost.State {
    fileprivate func id(of name: String) -> Int? { files.first { $0.value.name == name }?.key }
}
