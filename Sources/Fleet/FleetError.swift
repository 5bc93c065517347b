public import Core
public import ProcessKit
public import SystemPackage

/// What can go wrong with a fleet and its agents.
public enum FleetError: Error, Equatable {
    case notAFleet(root: FilePath)
    case untrusted(root: FilePath)
    case busy(what: String, path: FilePath)
    /// Another process spawns, restarts or removes this agent.
    case agentBusy(branch: String)
    case unknownProfile(String, known: [String])
    case programNotFound(String, searchPath: String)
    case mainCheckoutHasOtherBranch(wanted: String, current: String?)
    case noMainCheckout
    case fleetBranchIsMainCheckout(String)
    case worktreeFolderTaken(FilePath)
    /// `refs/heads/x` names a reference, not a branch.
    case branchIsReference(String)
    /// Git's own process outlived the spawn that was killed.
    case leftoverBusy(branch: String, pid: Int32)
    case notPlaced(path: String, reason: FileError)
    /// `template`: whose setup commands they are; nil: fleet.toml's.
    case setupNeedsConsent(commands: [String], template: String? = nil)
    case setupFailed(command: String, exitCode: Int32, output: String, template: String? = nil)
    /// `isKept`: the agent stays, with its worktree.
    case agentEndedAtOnce(branch: String, exitStatus: Int32?, screen: [String], isKept: Bool = false)
    case sessionTaken(SessionName)
    case noPane(branch: String, state: AgentState)
    /// With a daemon it is delivered as soon as the agent is ready for it.
    case briefingNotDelivered(branch: String, reason: String, isWatched: Bool)
    case notSubmitted(branch: String, reason: String)
    case agentWorks(branch: String)
    case worktreeUnknownToGit(branch: String, FilePath)
    /// `isKeptByBranch`: nothing is lost if the branch stays.
    case wouldLose(branch: String, losses: [String], isKeptByBranch: Bool = false)
    case processesStillThere(branch: String, pids: [Int32])
    case emptyText
    case fileUnreadable(FilePath, reason: String)
    /// An agent's settings cannot be changed; the text begins with `file:line:column`.
    case settingsUnfit(String)
    case refusedInsideAgent(what: String)
    case noAgentHere
    case noBranchHere
    case secretUnusable(FilePath, reason: String)
    case publicURLUnusable(String)
}

extension FleetError: UserFacingError {
    public var code: String {
        switch self {
        case .notAFleet: "not_a_fleet"
        case .untrusted: "untrusted"
        case .busy: "busy"
        case .agentBusy: "agent_busy"
        case .unknownProfile: "unknown_profile"
        case .programNotFound: "program_not_found"
        case .mainCheckoutHasOtherBranch: "main_checkout_has_other_branch"
        case .noMainCheckout: "no_main_checkout"
        case .fleetBranchIsMainCheckout: "branch_checked_out"
        case .worktreeFolderTaken: "worktree_folder_taken"
        case .branchIsReference: "branch_is_reference"
        case .leftoverBusy: "leftover_busy"
        case .notPlaced: "not_placed"
        case .setupNeedsConsent: "setup_needs_consent"
        case .setupFailed: "setup_failed"
        case .agentEndedAtOnce: "agent_ended_at_once"
        case .sessionTaken: "session_taken"
        case .noPane: "no_pane"
        case .briefingNotDelivered: "briefing_not_delivered"
        case .notSubmitted: "not_submitted"
        case .agentWorks: "agent_works"
        case .worktreeUnknownToGit: "worktree_unknown_to_git"
        case .wouldLose: "would_lose_work"
        case .processesStillThere: "processes_still_there"
        case .emptyText: "empty_text"
        case .fileUnreadable: "file_unreadable"
        case .settingsUnfit: "settings_unfit"
        case .refusedInsideAgent: "refused_inside_agent"
        case .noAgentHere: "no_agent_here"
        case .noBranchHere: "no_branch_here"
        case .secretUnusable: "secret_unusable"
        case .publicURLUnusable: "public_url_unusable"
        }
    }

    public var message: String {
        switch self {
        case .notAFleet(let root): "No .tmuxagent/fleet.toml in \(root)"
        case .untrusted(let root):
            "The .tmuxagent folder of \(root) came from somewhere else and is not trusted"
        case .busy(let what, let path): "Another process holds \(what) (\(path))"
        case .agentBusy(let branch): "Another command works on the agent of '\(branch)'"
        case .unknownProfile(let name, _): "fleet.toml has no agent profile '\(name)'"
        case .programNotFound(let name, _): "The agent's program '\(name)' was not found"
        case .mainCheckoutHasOtherBranch(let wanted, let current):
            "The main checkout is on \(current.map { "'\($0)'" } ?? "no branch"), not on '\(wanted)'"
        case .noMainCheckout: "A bare repository has no main checkout to run an agent in"
        case .fleetBranchIsMainCheckout(let branch): "Branch '\(branch)' is checked out in the main checkout"
        case .worktreeFolderTaken(let path): "The folder for the worktree exists and is not one: \(path)"
        case .branchIsReference(let name): "'\(name)' is the full name of a reference, not of a branch"
        case .leftoverBusy(let branch, let pid):
            "The spawn of '\(branch)' was killed, and its process \(pid) still works in the worktree"
        case .notPlaced(let path, let reason): "'\(path)' was not copied to the worktree: \(reason.message)"
        case .setupNeedsConsent(let commands, let template):
            "\(template.map { "Template '\($0)'" } ?? "fleet.toml") wants to run "
                + "\(commands.count == 1 ? "a command" : "\(commands.count) commands") in the new worktree: "
                + commands.joined(separator: "; ")
        case .setupFailed(let command, let code, let output, _):
            "Setup command '\(command)' ended with exit status \(code)"
                + (output.isEmpty ? "" : ":\n\(output)")
        case .agentEndedAtOnce(let branch, let status, let screen, _):
            "The agent of '\(branch)' ended at once" + (status.map { " with exit status \($0)" } ?? "")
                + (screen.isEmpty ? "" : ":\n" + screen.map { "  \($0.visible)" }.joined(separator: "\n"))
        case .sessionTaken(let name): "The tmux session '\(name)' exists and belongs to somebody else"
        case .noPane(let branch, let state): "The agent of '\(branch)' has no living pane (\(state.rawValue))"
        case .briefingNotDelivered(let branch, let reason, _):
            "briefing: not delivered to '\(branch)': \(reason)"
        case .notSubmitted(let branch, let reason):
            "The text did not reach the agent of '\(branch)': \(reason)"
        case .agentWorks(let branch): "The agent of '\(branch)' is working"
        case .worktreeUnknownToGit(let branch, let path):
            "Git does not know the folder of '\(branch)' as a worktree any more: \(path)"
        case .wouldLose(let branch, let losses, _):
            "Removing '\(branch)' would lose work:\n" + losses.map { "  \($0)" }.joined(separator: "\n")
        case .processesStillThere(let branch, let pids):
            "Processes of the agent of '\(branch)' did not end: \(pids.map(String.init).joined(separator: ", "))"
        case .emptyText: "There is nothing to send"
        case .fileUnreadable(let path, let reason): "Cannot read \(path): \(reason)"
        case .settingsUnfit(let problem): "The settings were left as they are: \(problem)"
        case .refusedInsideAgent(let what): "\(what) is not for agents"
        case .noAgentHere: "This command does not run inside an agent, and no --branch was given"
        case .noBranchHere: "No branch is checked out here"
        case .secretUnusable(let path, let reason): "The secret in \(path) cannot be used: \(reason)"
        case .publicURLUnusable(let text): "PUBLIC_BASE_URL is what a browser opens, but it is '\(text)'"
        }
    }

    public var hint: String? {
        switch self {
        case .notAFleet: "Run 'tmux-agent init' in the repository"
        case .untrusted: "Read what is in .tmuxagent, then run 'tmux-agent trust'"
        case .busy, .agentBusy: "Wait for it, or see 'tmux-agent doctor'"
        case .unknownProfile(let name, let known):
            didYouMean(name, among: known).map { "Did you mean '\($0)'?" }
                ?? "Profiles: \(known.sorted().joined(separator: ", ")); add [agents.\(name)] to .tmuxagent/fleet.toml"
        case .programNotFound(let name, let path):
            "Install \(name), change 'command' in .tmuxagent/fleet.toml, or put its folder on PATH (looked in \(path))"
        case .mainCheckoutHasOtherBranch(let wanted, _):
            "Run 'git switch \(wanted)' first, or leave --no-worktree out"
        case .noMainCheckout: "Leave --no-worktree out"
        case .fleetBranchIsMainCheckout:
            "Use --no-worktree to run the agent there, or choose a new branch name"
        case .worktreeFolderTaken: "Move that folder away, or set 'root' under [worktree] in fleet.toml"
        case .branchIsReference(let name):
            "Name the branch itself, as in '\(name.split(separator: "/").dropFirst(2).joined(separator: "/"))'"
        case .leftoverBusy(_, let pid): "Wait for it, or end it ('kill \(pid)'), then run the command again"
        case .notPlaced(let path, let reason):
            reason.hint == nil || reason.reason == .permissionDenied
                ? "Make it readable, or change 'copy' and 'link' under [worktree] in fleet.toml and .worktreeinclude, "
                    + "which name '\(path)'"
                : reason.hint
        case .setupNeedsConsent:
            "Run it again with --yes to agree; it is asked again when a file of .tmuxagent/ changes"
        case .setupFailed(_, _, _, let template):
            "Nothing was kept; correct 'setup' \(template.map { "of template '\($0)'" } ?? "under [worktree] in fleet.toml") "
                + "and spawn again"
        case .agentEndedAtOnce(let branch, _, _, true):
            "'tmux-agent logs \(branch)' shows all it printed; 'tmux-agent spawn \(branch)' starts it again"
        case .agentEndedAtOnce: "Nothing was kept; try the command by hand, then correct it in fleet.toml"
        case .sessionTaken: "Change 'prefix' under [tmux] in fleet.toml, or end that session"
        case .noPane(let branch, _): "Run 'tmux-agent spawn \(branch)' to start it again"
        case .briefingNotDelivered(let branch, _, let isWatched):
            isWatched
                ? "Answer it ('tmux-agent attach \(branch)'); the daemon delivers the briefing when the agent is ready"
                : "Answer it ('tmux-agent attach \(branch)'), then 'tmux-agent spawn \(branch)' delivers the briefing"
        case .notSubmitted(let branch, _): "Look with 'tmux-agent attach \(branch)'"
        case .agentWorks(let branch):
            "Wait for it, or end it: 'tmux-agent rm \(branch) --force' (unfinished work is kept)"
        case .worktreeUnknownToGit(let branch, let path):
            "Save what is needed from \(path); 'tmux-agent rm \(branch) --force' removes the rest and leaves that folder"
        case .wouldLose(let branch, _, true):
            "'tmux-agent rm \(branch) --keep-branch' keeps them on the branch; with --force they go to refs/tmux-agent/rescue/"
        case .wouldLose(let branch, _, _):
            "Commit, merge or push it first; or 'tmux-agent rm \(branch) --force' keeps it under refs/tmux-agent/rescue/"
        case .processesStillThere: "End them by hand, then run the command again"
        case .emptyText: "Give the text as an argument, or '-' to read standard input"
        case .fileUnreadable: nil
        case .settingsUnfit: "Correct the file and run the command again"
        case .refusedInsideAgent: "A person runs it in a terminal of their own"
        case .noAgentHere: "Give --branch BRANCH, or run it in the agent's pane"
        case .secretUnusable(let path, _):
            "Close it with 'chmod 600 \(path)', or remove it: a new one is made, and links that were sent lose their worth"
        case .noBranchHere: "Name one: tmux-agent gates BRANCH"
        case .publicURLUnusable: "Begin it with https:// or http://"
        }
    }

    public var exitStatus: ExitStatus {
        switch self {
        case .notAFleet, .unknownProfile, .secretUnusable, .publicURLUnusable, .settingsUnfit:
            .unusableSettings
        case .untrusted, .setupNeedsConsent, .refusedInsideAgent: .refused
        case .emptyText, .noAgentHere, .noBranchHere, .branchIsReference: .usage
        case .noPane: .unavailable
        default: .notAchieved
        }
    }
}
