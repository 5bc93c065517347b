import ProcessKit
import SystemPackage
import TestSupport
import Testing

@testable import Daemon

struct DaemonLogTests {
    @Test func aLongLogIsBegunAnewWhileTheDaemonWritesToIt() async throws {
        try await withTemporaryFolder { folder in
            let file = folder.appending("daemon.log")
            let output = try FileDescriptor.open(
                file, .writeOnly, options: [.create, .append], permissions: .ownerReadWrite)
            try output.closeAfter {
                let other = try FileDescriptor.open(
                    folder.appending("other"), .writeOnly, options: [.create, .append],
                    permissions: .ownerReadWrite)
                try other.closeAfter {
                    let log = DaemonLog(file: file, longest: 10)
                    for number in 0..<5 {
                        _ = try output.writeAll("line \(number)\n".utf8)
                        _ = try other.writeAll("other\n".utf8)
                        try log.bound([output, other])
                    }
                }
            }
            let (old, new) = (FilePath(file.string + ".1"), file)
            #expect(try Files.readText(old) == "line 2\nline 3\n")
            #expect(try Files.readText(new) == "line 4\n")
            #expect(Files.size(folder.appending("other")) == 30)
        }
    }

    @Test func outputsThatGoElsewhereAreNoneOfItsBusiness() async throws {
        try await withTemporaryFolder { folder in
            let file = folder.appending("daemon.log")
            let log = DaemonLog(file: file, longest: 10)
            #expect(!log.takes([.standardError]))
            try Files.append("a line that is long\n", to: file)
            #expect(!log.takes([.standardError]))
            try log.bound()
            #expect(!Files.exists(file), "the next writer makes it")
        }
    }
}
