internal import Core
internal import ProcessKit
internal import SystemPackage

/// A file of this machine to whose end bytes of one elsewhere are added.
struct MirrorFile: Sendable {
    let path: FilePath

    var length: Int64 { Files.size(path) ?? 0 }

    /// How many of the bytes are there, and why not all.
    func append(_ bytes: [UInt8]) -> (written: Int, failure: SSHError?) {
        var written = 0
        do throws(SSHError) {
            try change { file in
                while written < bytes.count {
                    written += try unsafe bytes[written...].withUnsafeBytes { try unsafe file.write($0) }
                }
            }
            return (written, nil)
        } catch {
            return (written, error)
        }
    }

    /// Makes the file if it is missing, so that it can be watched.
    func create() throws(SSHError) { try change { _ in } }

    private func change(_ body: (FileDescriptor) throws -> Void) throws(SSHError) {
        do {
            let file = try FileDescriptor.open(
                path, .writeOnly, options: [.create, .append, .closeOnExec], permissions: [.ownerReadWrite])
            try file.closeAfter { try body(file) }
        } catch let error as SSHError {
            throw error
        } catch {
            throw .mirror(path: path.string, reason: "\(error)")
        }
    }
}
