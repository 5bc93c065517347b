public import Core
internal import Crypto
internal import Fleet
internal import Glibc
internal import ProcessKit
public import SystemPackage

/// What a person or program shows once to be let in; only its digest is kept.
public struct AccessToken: Sendable {
    /// The token as a person types it; for the address that is printed.
    public let text: String
    private let digest: SHA256.Digest

    /// Shorter ones could be guessed.
    static let fewestBytes = 16

    public init(_ text: String) {
        self.text = text
        digest = SHA256.hash(data: Array(text.utf8))
    }

    /// Whether `candidate` is the token, in a time that does not depend on where it differs.
    func matches(_ candidate: String) -> Bool { SHA256.hash(data: Array(candidate.utf8)) == digest }

    /// Tells cookies of different tokens apart on one host; says nothing about the token.
    var mark: String {
        Hexadecimal.text(Array(SHA256.hash(data: Array("tmux-agent cookie \(text)".utf8)).prefix(4)))
    }

    /// A token that somebody named on a command line; throws ``WebError/tokenTooShort``.
    public static func named(_ text: String) throws(WebError) -> AccessToken {
        guard text.utf8.count >= fewestBytes else { throw .tokenTooShort }
        return AccessToken(text)
    }

    /// The user's own token below `TMUX_AGENT_HOME`, made (0600) when there is none yet.
    public static func standard(_ surroundings: Surroundings, _ places: Places) throws -> AccessToken {
        let bytes = try Secret.readOrCreate(places.home.appending("token"), ids: surroundings.ids)
        return AccessToken(firstLine(of: bytes))
    }

    /// The first line of a file that a person made.
    ///
    /// Throws ``WebError/tokenUnusable(_:reason:)`` for one that is missing, that others may read, or that holds less
    /// than 16 bytes.
    public static func file(_ path: FilePath) throws -> AccessToken {
        var info = stat()
        guard unsafe stat(path.string, &info) == 0 else {
            throw WebError.tokenUnusable(path, reason: "\(Errno(rawValue: errno))")
        }
        guard info.st_mode & 0o077 == 0 else {
            throw WebError.tokenUnusable(path, reason: "others may read or write it")
        }
        let text = firstLine(of: try Files.read(path, limit: 4096) ?? [])
        guard text.utf8.count >= fewestBytes else {
            throw WebError.tokenUnusable(path, reason: "its first line has less than \(fewestBytes) bytes")
        }
        return AccessToken(text)
    }

    private static func firstLine(of bytes: [UInt8]) -> String {
        String(String(decoding: bytes, as: UTF8.self).prefix { !$0.isNewline })
    }
}
