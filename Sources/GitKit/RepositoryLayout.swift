public import SystemPackage

/// Where a repository's parts are, seen from one folder inside it.
public struct RepositoryLayout: Sendable, Equatable {
    public enum ObjectFormat: String, Sendable {
        case sha1
        case sha256

        /// The id that stands for "nothing" in hooks and in updates of references.
        public var zero: String { String(repeating: "0", count: self == .sha1 ? 40 : 64) }
    }

    /// What answers questions about this repository.
    public enum Engine: Sendable, Equatable {
        case libgit2
        /// libgit2 cannot open it, for this reason; every question goes to the git binary.
        case gitOnly(reason: String)
    }

    /// Why a worktree's entry is made by `git worktree add --no-checkout` and not by libgit2.
    public enum BinaryEntryReason: Sendable, Equatable {
        case cannotOpen(String)
        case sparseCheckout
        case worktreeConfiguration
    }

    /// The top of the checkout that the folder is in; nil inside a bare repository or a `.git` folder.
    public let topLevel: FilePath?
    /// This checkout's own git folder; `<common>/worktrees/<name>` in a linked worktree.
    public let gitDirectory: FilePath
    /// The git folder that all worktrees share.
    public let commonDirectory: FilePath
    /// The main checkout; nil when the repository is bare.
    public let mainWorktree: FilePath?
    public let objectFormat: ObjectFormat
    public let engine: Engine
    /// Nil when libgit2 makes worktree entries here.
    public let binaryEntryReason: BinaryEntryReason?

    /// True when the repository has no main checkout; its linked worktrees may still exist.
    public var isBare: Bool { mainWorktree == nil }
    public var isLinkedWorktree: Bool { gitDirectory != commonDirectory }
    /// tmux-agent's own folder in the repository: lock, id, records of what is being made.
    public var ownFolder: FilePath { commonDirectory.appending("tmux-agent") }
}
