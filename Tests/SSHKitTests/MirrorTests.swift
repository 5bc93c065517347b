import Core
import Glibc
import ProcessKit
import Synchronization
import SystemPackage
import TestSupport
import Testing

@testable import SSHKit

/// The files here to which bytes from elsewhere are added; no connection is needed for that.
struct MirrorTests {
    @Test func whatAFullDiskTookIsNotBroughtAgain() async throws {
        try await withTemporaryFolder { folder in
            let path = folder.string
            await #expect(processExitsWith: .success) { [path = path as String] in
                let folder = FilePath(path)
                let host = try makeHost(in: folder)
                let connection = try CourierConnection(limit: .seconds(9))
                let mirror = folder.appending("a.tap")
                try host.begin("a", to: mirror, record: folder.appending("record"))
                let bytes = Array("0123456789abcdefghij".utf8)
                // A limit for a file's size does what a full disk does: a part of the bytes is written.
                signal(SIGXFSZ, SIG_IGN)
                try limitFiles(to: 12)
                #expect(throws: SSHError.self) { try host.append(bytes, at: 0, to: 1, connection) }
                #expect(text(of: mirror) == "0123456789ab")
                try limitFiles(to: .max)
                #expect(SSHHost.order(1, try #require(host.followed(1))) == "follow 1 12 a")
                try host.append(Array(bytes[12...]), at: 12, to: 1, connection)
                #expect(text(of: mirror) == "0123456789abcdefghij")
            }
        }
    }

    @Test func aRemovedFileHereMakesNobodyBringItsBytesAgain() async throws {
        try await withTemporaryFolder { folder in
            let (mirror, record) = (folder.appending("a.tap"), folder.appending("record"))
            let host = try makeHost(in: folder)
            let connection = try CourierConnection(limit: .seconds(9))
            try Files.append("from before\n", to: mirror)
            try host.begin("a", to: mirror, record: record)
            try host.append(Array("0123456789".utf8), at: 0, to: 1, connection)
            try Files.remove(mirror)
            try host.append(Array("abc".utf8), at: 10, to: 1, connection)
            #expect(text(of: mirror) == "abc")
            // This process is killed, and the next one goes on.
            let next = try makeHost(in: folder)
            #expect(try next.resume(to: mirror, record: record, read: 3) == "a")
            #expect(next.followed(1)?.offset == 13)
            try next.append(Array("de".utf8), at: 13, to: 1, connection)
            #expect(text(of: mirror) == "abcde")
            // Removed while nobody ran.
            try Files.remove(mirror)
            let last = try makeHost(in: folder)
            #expect(try last.resume(to: mirror, record: record, read: 5) == "a")
            #expect(last.followed(1)?.offset == 15)
            try last.append(Array("f".utf8), at: 15, to: 1, connection)
            #expect(try FollowRecord.read(record) == FollowRecord(name: "a", base: -15))
        }
    }
}

private func makeHost(in folder: FilePath) throws -> SSHHost {
    SSHHost(
        SSHSettings(host: "nowhere.invalid"), folder: folder, remoteFolder: nil, environment: [:],
        ids: IDMaker { 1 })
}

private func limitFiles(to size: rlim_t) throws {
    var limit = rlimit()
    guard getrlimit(__rlimit_resource_t(RLIMIT_FSIZE.rawValue), &limit) == 0 else {
        throw Errno(rawValue: errno)
    }
    limit.rlim_cur = min(size, limit.rlim_max)
    guard setrlimit(__rlimit_resource_t(RLIMIT_FSIZE.rawValue), &limit) == 0 else {
        throw Errno(rawValue: errno)
    }
}

extension SSHHost {
    fileprivate func followed(_ id: Int) -> Followed? { state.withLock { $0.files[id] } }
}
