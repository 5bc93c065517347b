internal import Core
internal import ProcessKit
internal import SystemPackage

/// The git binary's version.
public struct GitVersion: Sendable, Comparable, CustomStringConvertible {
    public let major: Int
    public let minor: Int
    /// As git says it, such as `2.39.5` or `2.39.5 (Apple Git-154)`.
    public let description: String

    /// Older ones lack `restore`, `sparse-checkout` and porcelain formats that are used here.
    public static let oldest = GitVersion(major: 2, minor: 25, description: "2.25")

    private init(major: Int, minor: Int, description: String) {
        (self.major, self.minor, self.description) = (major, minor, description)
    }

    /// Parses what `git --version` prints; nil for anything else.
    public init?(_ text: String) {
        let start = "git version "
        guard text.hasPrefix(start) else { return nil }
        let rest = text.dropFirst(start.count).prefix { !$0.isNewline }
        let numbers = rest.split(separator: ".", maxSplits: 2).map { Int($0.prefix { $0.isNumber }) }
        guard numbers.count >= 2, let major = numbers[0], let minor = numbers[1] else { return nil }
        self.init(major: major, minor: minor, description: String(rest))
    }

    public static func == (left: Self, right: Self) -> Bool {
        (left.major, left.minor) == (right.major, right.minor)
    }
    public static func < (left: Self, right: Self) -> Bool {
        (left.major, left.minor) < (right.major, right.minor)
    }

    /// Asks the git on PATH; throws ``GitError/tooOld(found:)``, or that there is none.
    ///
    /// An answer that is not understood counts as new enough.
    @discardableResult
    public static func check(environment: [String: String]) async throws(GitError) -> String {
        let result: CommandResult
        do {
            result = try await CommandRunner().run(
                Command("git", ["--version"], environment: GitBinary(environment: environment).environment))
        } catch {
            throw .process(error)
        }
        guard let version = GitVersion(result.text) else { return result.text.trimmingSuffix }
        guard version >= oldest else { throw .tooOld(found: version.description) }
        return version.description
    }
}

extension String {
    fileprivate var trimmingSuffix: String { last?.isNewline == true ? String(dropLast()) : self }
}
