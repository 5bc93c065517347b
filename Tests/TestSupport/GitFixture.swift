internal import Glibc
internal import ProcessKit
public import SystemPackage

/// A real repository for a test, and git with nothing of the user's in its environment.
public struct GitFixture: Sendable {
    public let folder: FilePath
    public let environment: [String: String]

    public init(folder: FilePath, environment: [String: String] = GitFixture.environment) {
        self.folder = folder
        self.environment = environment
    }

    /// No home, no settings, fixed author and dates.
    public static let environment: [String: String] = [
        "PATH": "/usr/local/bin:/usr/bin:/bin", "HOME": "/nonexistent", "LC_ALL": "C", "TZ": "UTC",
        "GIT_CONFIG_GLOBAL": "/dev/null", "GIT_CONFIG_NOSYSTEM": "1",
        "GIT_AUTHOR_NAME": "Ada", "GIT_AUTHOR_EMAIL": "ada@example.com",
        "GIT_COMMITTER_NAME": "Ada", "GIT_COMMITTER_EMAIL": "ada@example.com",
        "GIT_AUTHOR_DATE": "2026-01-02T03:04:05Z", "GIT_COMMITTER_DATE": "2026-01-02T03:04:05Z",
        "GIT_ALLOW_PROTOCOL": "file",
    ]

    /// Runs git in the repository and returns its output without the last newline; a failure throws.
    @discardableResult
    public func git(
        _ arguments: String..., in other: FilePath? = nil, adding: [String: String] = [:]
    ) async throws -> String {
        try await run("git", ["-c", "protocol.file.allow=always"] + arguments, in: other, adding: adding)
    }

    /// Runs a shell script in the repository; a failure throws.
    @discardableResult
    public func shell(
        _ script: String, in other: FilePath? = nil, adding: [String: String] = [:]
    ) async throws -> String {
        try await run("sh", ["-euc", script], in: other, adding: adding)
    }

    private func run(
        _ program: String, _ arguments: [String], in other: FilePath?, adding: [String: String]
    ) async throws -> String {
        let command = Command(
            program, arguments, environment: environment.merging(adding) { $1 },
            workingDirectory: other ?? folder)
        let result = try await CommandRunner().run(command)
        guard result.isSuccess else {
            throw GitFixtureError(
                command: command.description, status: result.exitCode, text: result.errorText + result.text)
        }
        return result.text.trimmingSuffixNewline
    }

    /// A repository with two commits on `main`: `README`, `src/a.txt`, `src/b.txt`, `docs/guide.md`.
    ///
    /// Made once in each test process and then copied.
    public static func plain(at folder: FilePath, objectFormat: String = "sha1") async throws -> GitFixture {
        let template = try await templates.folder(objectFormat)
        let fixture = GitFixture(folder: folder)
        // `-a` keeps the times, so that the copy's index is still true.
        _ = try await fixture.run("cp", ["-a", template.string, folder.string], in: "/", adding: [:])
        return fixture
    }

    private static let templates = Templates()

    private actor Templates {
        private var made: [String: Task<FilePath, any Error>] = [:]

        func folder(_ objectFormat: String) async throws -> FilePath {
            let task =
                made[objectFormat]
                ?? Task {
                    let folder = FilePath("/tmp/ta-\(getpid())-\(objectFormat)")
                    // Left behind where a killed test process had this number.
                    removeTree(folder)
                    guard mkdir(folder.string, 0o700) == 0 else { throw Errno(rawValue: errno) }
                    atexit {
                        for format in ["sha1", "sha256"] {
                            removeTree(FilePath("/tmp/ta-\(getpid())-\(format)"))
                        }
                    }
                    try await GitFixture(folder: folder).shell(
                        """
                        git init --quiet --initial-branch=main --object-format=\(objectFormat) .
                        rm .git/hooks/*
                        mkdir src docs
                        echo read me >README; echo a >src/a.txt; echo b >src/b.txt
                        git add .; git commit --quiet -m 'Begin'
                        echo guide >docs/guide.md
                        git add .; git commit --quiet -m 'Add a guide'
                        """)
                    return folder
                }
            made[objectFormat] = task
            return try await task.value
        }
    }

    /// Everything that a refused command must leave as it was: references, worktrees, files, git's folders.
    public func trace() async throws -> String {
        try await shell(
            """
            git for-each-ref --format='%(refname) %(objectname)'
            git worktree list --porcelain
            common=$(git rev-parse --git-common-dir)
            ls -A "$common/worktrees" 2>/dev/null || true
            ls -A "$common/tmux-agent/making" 2>/dev/null || true
            cat "$common/config"
            find . -path ./.git -prune -o -print | sort
            find "$common" -name '*.lock'
            """)
    }
}

public struct GitFixtureError: Error, CustomStringConvertible {
    public let command: String
    public let status: Int32
    public let text: String
    public var description: String { "\(command) ended with \(status): \(text)" }
}

/// Calls `body` with a plain repository in a folder of its own; `folder` is the temporary folder around it.
public func withRepository<Result>(
    isolation: isolated (any Actor)? = #isolation, objectFormat: String = "sha1",
    _ body: (_ fixture: GitFixture, _ folder: FilePath) async throws -> Result
) async throws -> Result {
    try await withTemporaryFolder { folder in
        let fixture = try await GitFixture.plain(
            at: folder.appending("repository"), objectFormat: objectFormat)
        return try await body(fixture, folder)
    }
}
