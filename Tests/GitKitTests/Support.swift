import Core
import GitKit
import SystemPackage
import TestSupport
import Testing

extension GitFixture {
    func open(_ folder: FilePath? = nil) async throws -> GitRepository {
        try await GitRepository.open(at: folder ?? self.folder, environment: environment)
    }

    /// A request for `branch` beside the repository, at `trees/<slug>`.
    func request(_ branch: String, _ source: BranchSource = .automatic(base: nil)) throws -> WorktreeRequest {
        let name = try BranchName(branch)
        let slug = Slug(name)
        return WorktreeRequest(
            branch: name, source: source,
            folder: folder.removingLastComponent().appending("trees").appending(slug.rawValue), name: slug)
    }

    /// The reference that a local branch follows; empty when it follows none.
    func upstream(of branch: String) async throws -> String {
        try await git("for-each-ref", "--format=%(upstream)", "refs/heads/\(branch)")
    }

    /// The fixture with programs of the test's own (name: shell script) before the others on PATH.
    func withPrograms(_ programs: [String: String], in folder: FilePath) async throws -> GitFixture {
        let bin = folder.appending("bin")
        for (name, script) in programs {
            try await shell(
                "mkdir -p \"$BIN\"; printf '%s\\n' \"$SCRIPT\" >\"$BIN/$NAME\"; chmod +x \"$BIN/$NAME\"",
                adding: ["BIN": bin.string, "SCRIPT": "#!/bin/sh\n" + script, "NAME": name])
        }
        var changed = environment
        changed["PATH"] = "\(bin):\(environment["PATH"] ?? "")"
        return GitFixture(folder: self.folder, environment: changed)
    }
}

/// The two roads: the same calls must give the same answers.
enum Road: String, CaseIterable, Sendable {
    case libgit2 = "sha1"
    case git = "sha256"
}
