internal import Core
internal import ProcessKit
internal import SystemPackage

/// A file of this machine with the bytes of one elsewhere, at the same offsets.
struct MirrorFile: Sendable {
    let path: FilePath

    /// How far it goes, which is where bringing goes on.
    var length: Int64 { Files.size(path) ?? 0 }

    /// Adds bytes that stand at `offset` there; throws when they do not continue what is here.
    func append(_ bytes: [UInt8], at offset: Int64) throws(SSHError) {
        try change { file in
            let length = try file.seek(offset: 0, from: .end)
            guard length == offset else {
                throw SSHError.mirror(
                    path: path.string, reason: "it has \(length) bytes, and those that came begin at \(offset)")
            }
            try file.writeAll(bytes)
        }
    }

    /// Makes the file if it is missing, so that it can be watched.
    func create() throws(SSHError) { try change { _ in } }

    /// What was there is gone; it begins anew.
    func empty() throws(SSHError) {
        try change { file in try file.resize(to: 0) }
    }

    private func change(_ body: (FileDescriptor) throws -> Void) throws(SSHError) {
        do {
            let file = try FileDescriptor.open(
                path, .readWrite, options: [.create, .append, .closeOnExec], permissions: [.ownerReadWrite])
            try file.closeAfter { try body(file) }
        } catch let error as SSHError {
            throw error
        } catch {
            throw .mirror(path: path.string, reason: "\(error)")
        }
    }
}
