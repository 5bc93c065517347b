public import SystemPackage

/// What became of each hook.
public struct HookInstallation: Sendable {
    public enum State: String, Sendable {
        case installed
        /// The marked block was there and is as it should be.
        case kept
        case removed
        case absent
        /// Another hook is there that cannot be added to; what to add by hand is said.
        case foreign
    }

    public struct Hook: Sendable {
        public var name: String
        /// Empty where nobody can tell which file git runs.
        public var path: FilePath
        public var state: State
        /// Why it was left alone.
        public var reason: String?
        /// False: what is there is no shell script, so that shell text cannot be added to it.
        public var isShell = true

        /// After an attempt to take ours out: what is left of it stands among somebody's own lines.
        var staying: Hook {
            guard state == .installed else { return self }
            var hook = self
            (hook.state, hook.reason) = (.foreign, "our line was added by hand; take it out by hand")
            return hook
        }
    }

    public var hooks: [Hook]
    /// Why no hook of this folder can tell the fleet, and what to do.
    public var advice: String?
    /// What to add by hand to the hooks that were left alone.
    public var lineToAdd: String?
    /// What to add by hand to a pre-push hook that was left alone, behind its first line.
    public var gateToAdd: String?
    /// Another program that writes this repository's hooks.
    public var manager: HookManager?
}

/// Programs that write hooks, and what that means for ours.
public enum HookManager: String, Sendable {
    case husky
    case lefthook
    case preCommit = "pre-commit"

    /// What a person should know who installs beside it.
    public var note: String {
        switch self {
        case .husky: "husky runs the scripts in .husky: add what is printed here to .husky/<hook>"
        case .lefthook:
            "lefthook writes its hooks anew when its configuration changes: run 'tmux-agent hooks install' again afterwards"
        case .preCommit:
            "'pre-commit install' writes its hooks anew: run 'tmux-agent hooks install' again afterwards"
        }
    }
}
