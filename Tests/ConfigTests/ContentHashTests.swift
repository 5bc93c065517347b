import Config
import Core
import Foundation
import SystemPackage
import TestSupport
import Testing

@Suite struct ContentHashTests {
    private func withFleet(
        _ body: (FilePath, () throws(ConfigurationError) -> String) throws -> Void
    ) async throws {
        try await withTemporaryFolder { folder in
            let tmuxagent = folder.appending(".tmuxagent")
            try write("[agent]\n", to: tmuxagent.appending("fleet.toml"))
            try write("pipelines: []\n", to: tmuxagent.appending("policy.yaml"))
            try write("x\n", to: tmuxagent.appending("templates").appending("a.md"))
            var fleet = FleetConfiguration(
                name: "x", repository: folder, places: Places(userHome: "/home/me"))
            fleet.watch.policy = folder.appending("ci").appending("policy.yaml")
            try body(folder) { () throws(ConfigurationError) in
                try ContentHash.ofFleet(fleet, repository: folder)
            }
        }
    }

    @Test func everythingThatDecidesWhatRunsChangesIt() async throws {
        try await withFleet { folder, hash in
            let tmuxagent = folder.appending(".tmuxagent")
            var seen: [String] = [try hash()]
            func differs(_ what: Comment) throws {
                let now = try hash()
                #expect(!seen.contains(now), what)
                #expect(now.count == 64)
                seen.append(now)
            }
            #expect(try hash() == seen[0])
            try write("[agent]\n# x\n", to: tmuxagent.appending("fleet.toml"))
            try differs("content")
            try write("y", to: tmuxagent.appending("setup.sh"))
            try differs("a new file")
            try FileManager.default.setAttributes(
                [.posixPermissions: 0o755], ofItemAtPath: tmuxagent.appending("setup.sh").string)
            try differs("the executable bit")
            try FileManager.default.moveItem(
                atPath: tmuxagent.appending("setup.sh").string,
                toPath: tmuxagent.appending("setup2.sh").string)
            try differs("a name")
            try write("p", to: folder.appending("ci").appending("policy.yaml"))
            try differs("a policy that lies elsewhere")
            try write("1", to: folder.appending("outside"))
            try FileManager.default.createSymbolicLink(
                atPath: tmuxagent.appending("link").string, withDestinationPath: "../outside")
            try differs("a link")
            try write("2", to: folder.appending("outside"))
            try differs("the content behind a link")
        }
    }

    @Test func worktreesLogsAndCodeDoNot() async throws {
        try await withFleet { folder, hash in
            let before = try hash()
            let tmuxagent = folder.appending(".tmuxagent")
            try write("x", to: tmuxagent.appending("worktrees").appending("a").appending("f"))
            try write("x", to: tmuxagent.appending("logs").appending("a.tap"))
            try write("x", to: folder.appending("main.swift"))
            #expect(try hash() == before)
        }
    }

    @Test func aFleetWithoutFilesHasOneToo() throws {
        let fleet = FleetConfiguration(
            name: "x", repository: "/nowhere-at-all", places: Places(userHome: "/home/me"))
        #expect(try ContentHash.ofFleet(fleet, repository: "/nowhere-at-all").count == 64)
    }
}
