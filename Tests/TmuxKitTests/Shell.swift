import Glibc
import ProcessKit
import TestSupport

enum Shell {
    /// What a command line prints, without its last newline.
    static func run(_ line: String, _ environment: [String: String]) async throws -> String {
        try await CommandRunner().run(Command("sh", ["-c", line], environment: environment)).text
            .trimmingSuffixNewline
    }
}

func userID() -> UInt32 { getuid() }
