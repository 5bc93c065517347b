internal import ProcessKit
internal import SystemPackage

extension Workshop {
    /// A repository with one commit of `files` text files of about two kilobytes.
    func makeRepository(_ name: String, files: Int, in parent: FilePath? = nil) async throws -> FilePath {
        let root = (parent ?? folder).appending(name)
        try Files.makeFolder(root)
        for index in 0..<files {
            let part = root.appending("part-\(index / 100)")
            if index.isMultiple(of: 100) { try Files.makeFolder(part) }
            let line = "line of file \(index) that no other file has, to keep git from storing it once\n"
            _ = try Files.create(
                part.appending("file-\(index).txt"), String(repeating: line, count: 25 + index % 7))
        }
        for arguments in [
            ["init", "-q", "--initial-branch=main"], ["add", "-A"],
            ["commit", "-q", "--allow-empty", "-m", "files"],
        ] {
            try await run("git", arguments, in: root)
        }
        return root
    }
}
