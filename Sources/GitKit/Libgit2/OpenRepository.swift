internal import CLibgit2
internal import SystemPackage

/// A repository opened by libgit2 for the length of one synchronous piece of work.
struct OpenRepository: ~Copyable {
    let handle: Handle

    /// Opens the repository that `folder` is in (`isExact` = that `folder` is).
    init(at folder: FilePath, isExact: Bool) throws(GitError) {
        guard Libgit2.isStarted else {
            throw .library(operation: "start libgit2", code: -1, text: "git_libgit2_init failed")
        }
        let flags = isExact ? GIT_REPOSITORY_OPEN_NO_SEARCH.rawValue : 0
        handle = try unsafe Handle("open the repository \(folder)", freedBy: git_repository_free) {
            unsafe git_repository_open_ext(&$0, folder.string, flags, nil)
        }
    }

    var gitDirectory: FilePath? { unsafe path(git_repository_path(handle.pointer)) }
    var commonDirectory: FilePath? { unsafe path(git_repository_commondir(handle.pointer)) }
    var workingDirectory: FilePath? { unsafe path(git_repository_workdir(handle.pointer)) }
    var isBare: Bool { unsafe git_repository_is_bare(handle.pointer) == 1 }

    private func path(_ text: UnsafePointer<CChar>?) -> FilePath? {
        unsafe text.map { unsafe FilePath(String(cString: $0)) }
    }

    /// Nil when the key is not set anywhere.
    func configurationFlag(_ key: String) throws(GitError) -> Bool? {
        let configuration = try snapshot()
        var value: Int32 = 0
        let status = unsafe git_config_get_bool(&value, configuration.pointer, key)
        if status == GIT_ENOTFOUND.rawValue { return nil }
        try Libgit2.check("read \(key)", status)
        return value != 0
    }

    /// All entries whose keys match the regular expression, in file order.
    func configuration(matching pattern: String) throws(GitError) -> [(key: String, value: String)] {
        let configuration = try snapshot()
        let iterator = try unsafe Handle("read the configuration", freedBy: git_config_iterator_free) {
            unsafe git_config_iterator_glob_new(&$0, configuration.pointer, pattern)
        }
        var entries: [(key: String, value: String)] = []
        var entry: UnsafeMutablePointer<git_config_entry>?
        while unsafe git_config_next(&entry, iterator.pointer) == 0, let found = unsafe entry {
            unsafe entries.append((String(cString: found.pointee.name), String(cString: found.pointee.value)))
        }
        return entries
    }

    private func snapshot() throws(GitError) -> Handle {
        try unsafe Handle("read the configuration", freedBy: git_config_free) {
            unsafe git_repository_config_snapshot(&$0, handle.pointer)
        }
    }

    func setConfiguration(_ key: String, to value: String) throws(GitError) {
        let configuration = try unsafe Handle("open the configuration", freedBy: git_config_free) {
            unsafe git_repository_config(&$0, handle.pointer)
        }
        try Libgit2.retryingWhileLocked("set \(key)") {
            unsafe git_config_set_string(configuration.pointer, key, value)
        }
    }
}
