internal import Core
internal import Glibc
internal import ProcessKit
internal import SystemPackage

/// An access token on the disk (0600), for all processes of the user.
///
/// A file that cannot be read or written costs a fetch, nothing else.
struct TokenCache: Sendable {
    struct Token: Sendable, Equatable {
        var text: String
        var expiresAt: Timestamp
    }

    let file: FilePath

    /// A token is fetched anew so long before its end.
    static let margin = Duration.seconds(300)

    /// Nil when there is none, when it ends soon, or when others could have put it there.
    func token(at now: Timestamp) -> Token? {
        var info = stat()
        guard unsafe lstat(file.string, &info) == 0, info.st_mode & S_IFMT == S_IFREG,
            info.st_mode & 0o077 == 0, info.st_uid == getuid(),
            let text = try? Files.readText(file, limit: 8192), let object = try? JSONValue.parse(text),
            let token = object["access_token"]?.string, let end = object["expires_at"]?.integer,
            end >= 0
        else { return nil }
        let expiresAt = Timestamp(milliseconds: end)
        // A clock that was set back must not make a token good for ever.
        let rest = expiresAt.distance(from: now)
        return rest > Self.margin && rest <= .seconds(86_400)
            ? Token(text: token, expiresAt: expiresAt) : nil
    }

    func keep(_ token: Token) {
        let object: JSONValue = [
            "access_token": .string(token.text), "expires_at": .integer(token.expiresAt.milliseconds),
        ]
        try? Files.makeFolder(file.removingLastComponent(), mode: 0o700)
        // The next message fetches one, then.
        try? Files.write(object.serialized(sorted: true) + "\n", to: file, mode: .ownerReadWrite)
    }

    func forget() { try? Files.remove(file) }  // an old token is refused again, and fetched then
}
