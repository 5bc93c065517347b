public import Core
internal import Glibc
internal import ProcessKit
public import SystemPackage

/// The random bytes from which every signature's key is derived.
public enum Secret {
    /// Holds the secret in place of the file.
    public static let variable = "APPROVAL_SECRET"
    /// A file with less was cut off or written by hand.
    static let fewestBytes = 32

    /// Reads the secret at `path`, or makes one of 256 random bits (0600) when there is none yet; of several makers one
    /// wins and all get the same.
    ///
    /// Throws ``FleetError/secretUnusable(_:reason:)`` for a file that others could read, or that is too short.
    public static func readOrCreate(_ path: FilePath, ids: IDMaker) throws -> [UInt8] {
        if let secret = try read(path) { return secret }
        try Files.makeFolder(path.removingLastComponent(), mode: 0o700)
        let made = (0..<5).map { _ in ids.make("s") }.joined()
        // A hard link is made whole or not at all: nobody reads half a secret.
        let draft = FilePath(path.string + ".\(ids.make("new"))")
        guard try Files.create(draft, made, mode: .ownerReadWrite) else {
            throw FleetError.secretUnusable(path, reason: "\(draft) exists already")
        }
        defer { unsafe unlink(draft.string) }
        guard unsafe link(draft.string, path.string) == 0 || errno == EEXIST else {
            throw FleetError.secretUnusable(path, reason: "\(Errno(rawValue: errno))")
        }
        guard let secret = try read(path) else {
            throw FleetError.secretUnusable(path, reason: "it was removed a moment ago")
        }
        return secret
    }

    private static func read(_ path: FilePath) throws -> [UInt8]? {
        var info = stat()
        guard unsafe stat(path.string, &info) == 0 else {
            if errno == ENOENT { return nil }
            throw FleetError.secretUnusable(path, reason: "\(Errno(rawValue: errno))")
        }
        guard info.st_mode & 0o077 == 0 else {
            throw FleetError.secretUnusable(path, reason: "others may read or write it")
        }
        guard let bytes = try Files.read(path, limit: 4096), bytes.count >= fewestBytes else {
            throw FleetError.secretUnusable(path, reason: "it holds less than \(fewestBytes) bytes")
        }
        return bytes
    }
}

extension Secret {
    /// `APPROVAL_SECRET`, else the user's secret file, which is made when there is none.
    public static func find(_ surroundings: Surroundings, _ places: Places) throws -> [UInt8] {
        if let given = surroundings.environment[variable], !given.isEmpty { return Array(given.utf8) }
        return try readOrCreate(places.secret, ids: surroundings.ids)
    }
}

/// What approval links begin with.
public enum PublicURL {
    /// `PUBLIC_BASE_URL` without a slash at its end; nil when it is not set.
    ///
    /// Throws ``FleetError/publicURLUnusable(_:)`` for what no browser could open.
    public static func find(_ surroundings: Surroundings) throws -> String? {
        guard var given = surroundings.environment["PUBLIC_BASE_URL"], !given.isEmpty else { return nil }
        while given.hasSuffix("/") { given.removeLast() }
        guard given.hasPrefix("https://") || given.hasPrefix("http://") else {
            throw FleetError.publicURLUnusable(given)
        }
        return given
    }
}

extension FleetContext {
    public func secret() throws -> [UInt8] { try Secret.find(surroundings, places) }

    /// `PUBLIC_BASE_URL`, else `[dashboard] public_url`.
    public func publicURL() throws -> String? {
        try PublicURL.find(surroundings) ?? configuration.dashboard.publicURL
    }
}
