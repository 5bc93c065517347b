public import Core
internal import ProcessKit
public import SystemPackage

/// The random bytes from which every signature's key is derived.
public enum Secret {
    /// Reads the secret at `path`, or makes one of 256 random bits (0600) when there is none yet; of several makers one
    /// wins.
    public static func readOrCreate(_ path: FilePath, ids: IDMaker) throws -> [UInt8] {
        if let bytes = try Files.read(path, limit: 4096), bytes.count >= 32 { return bytes }
        try Files.makeFolder(path.removingLastComponent(), mode: 0o700)
        let made = (0..<4).map { _ in ids.make("s") }.joined()
        if try Files.create(path, made, mode: .ownerReadWrite) { return Array(made.utf8) }
        return try Files.read(path, limit: 4096) ?? Array(made.utf8)
    }
}
