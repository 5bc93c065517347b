public import Core
public import Store
internal import SystemPackage

extension Agent {
    /// What a policy knows about this agent; the title comes with the first screen.
    public func facts(branch: String? = nil, commit: String? = nil) -> SubjectFacts {
        SubjectFacts(
            subject: subject, branch: branch ?? place.branch, template: program.template,
            agent: program.profile, session: place.session.rawValue, host: "local",
            windowName: "agent:\(place.worktree.lastComponent?.string ?? "")", paneTitle: nil,
            commit: commit ?? place.baseCommit, state: condition.state, since: createdAt)
    }
}
