internal import Core
internal import ProcessKit
internal import SystemPackage

extension GitError {
    public var message: String {
        switch self {
        case .tooOld(let found): "git \(found) is too old: tmux-agent needs \(GitVersion.oldest) or newer"
        case .notARepository(let path): "\(path) is not inside a git repository"
        case .foreignOwner(let path): "The repository \(path) belongs to another user"
        case .unusableRepository(let path, let reason): "The repository \(path) cannot be used: \(reason)"
        case .noWorkingTree(let path): "The repository \(path) has no working tree here"
        case .noCommits(let branch): "The branch '\(branch)' has no commit yet, so nothing can start from it"
        case .revisionNotFound(let text): "No commit is called '\(text)'"
        case .branchNotFound(let name): "No branch named '\(name)'"
        case .branchExists(let name): "The branch '\(name)' exists already"
        case .branchConflict(let name, let other):
            "The branch '\(name)' cannot be beside the branch '\(other)': "
                + "one's name would be a folder and a file at once"
        case .branchCaseTwin(let name, let other):
            "The branch '\(name)' differs from '\(other)' only in capitals, "
                + "and this file system holds them for one"
        case .branchCheckedOut(let name, let path): "The branch '\(name)' is checked out at \(path)"
        case .branchOnSeveralRemotes(let name, let remotes):
            "The branch '\(name)' is on several remotes: \(remotes.joined(separator: ", "))"
        case .branchOfRemote(let name, let found?):
            "'\(name)' is the branch '\(found.branch)' of the remote '\(found.remote)', not a branch here"
        case .branchOfRemote(let name, nil): "'\(name)' is the name of a remote-tracking reference"
        case .branchMoved(let name, let expected, let found?):
            "The branch '\(name)' was at \(expected.short) and is now at \(found.short)"
        case .branchMoved(let name, let expected, nil):
            "The branch '\(name)' was at \(expected.short) and is gone"
        case .pathExists(let path): "There is something at \(path) already"
        case .pathOutside(let path, let root): "\(path) leads out of \(root)"
        case .worktreeNotFound(let name): "No worktree named '\(name)'"
        case .worktreeNameTaken(let name): "A worktree named '\(name)' exists already"
        case .worktreeLocked(let path, ""): "The worktree \(path) is locked"
        case .worktreeLocked(let path, let reason): "The worktree \(path) is locked: \(reason)"
        case .leftoverInUse(let path, let reason): "A command that was killed left \(path), and \(reason)"
        case .lockTimeout(_, let holder?): "Process \(holder) is changing the worktrees of this repository"
        case .lockTimeout(_, nil): "Another process is changing the worktrees of this repository"
        case .commandFailed(let command, let status, let text):
            "\(command) failed with status \(status)" + (text.isEmpty ? "" : ": \(text)")
        case .commandTimedOut(let command, let limit):
            "\(command) took longer than \(limit.components.seconds) s"
        case .library(let operation, let code, let text): "Could not \(operation): \(text) (libgit2 \(code))"
        case .fileSystem(let operation, let path, let errno): "Could not \(operation) \(path): \(errno)"
        case .process(let error): error.message
        case .undoIncomplete(let text, let leftovers):
            "\(text); undoing left \(leftovers.joined(separator: ", "))"
        }
    }

    public var hint: String? {
        switch self {
        case .tooOld: "Install a newer git, or put its folder first on PATH"
        case .notARepository: "Go into a repository, or make one with 'git init'"
        case .foreignOwner(let path):
            "Run 'git config --global --add safe.directory \(Command.quoted(path.string))'"
        case .unusableRepository: "Run 'git status' there to see what git says"
        case .noWorkingTree: "Go into a checkout of the repository; 'git worktree list' names them"
        case .noCommits: "Make a first commit: git commit --allow-empty -m 'Begin'"
        case .revisionNotFound: "'git branch --all' lists what there is; fetch it if it is on a remote"
        case .branchNotFound: "'git branch --list' shows the branches"
        case .branchExists: "Use it as it is, or choose another name"
        case .branchConflict(let name, let other):
            "Choose another name, or rename '\(other)': "
                + "git branch -m \(Command.quoted(other.rawValue)) \(Command.quoted(Self.besides(other, name)))"
        case .branchCaseTwin(_, let other): "Use '\(other)', or choose a name with other letters"
        case .branchCheckedOut: "Work there, or switch that checkout to another branch first"
        case .branchOnSeveralRemotes(let name, let remotes):
            "Say which: git branch --track \(Command.quoted(name.rawValue)) "
                + Command.quoted("\(remotes.first ?? "origin")/\(name)")
        case .branchOfRemote(_, let found?): "Name it '\(found.branch)': that follows the remote's"
        case .branchOfRemote: "Choose another name"
        case .branchMoved: "Look at the new commits, then try again"
        case .pathExists(let path): "Move it away, or remove it if it is not needed: \(path)"
        case .pathOutside: "Name a path inside, without '..' and without symbolic links that lead out"
        case .worktreeNotFound, .worktreeNameTaken: "'git worktree list' shows the worktrees"
        case .worktreeLocked(let path, _):
            "Run 'git worktree unlock \(Command.quoted(path.string))' if nobody needs it"
        case .leftoverInUse: "Save what is needed from it, then run 'tmux-agent doctor --fix'"
        case .lockTimeout: "Try again when it is done"
        case .commandFailed, .library: nil
        case .fileSystem(let operation, let path, let errno): FileError(operation, path, errno).hint
        case .commandTimedOut: "Try again; 'git gc' may make the repository faster"
        case .process(let error): error.hint
        case .undoIncomplete: "Run 'tmux-agent doctor --fix'"
        }
    }

    private static func besides(_ other: BranchName, _ name: BranchName) -> String {
        name.rawValue.hasPrefix(other.rawValue + "/") ? "\(other)-main" : "old-\(other)"
    }
}
