internal import Core
internal import SystemPackage
internal import TmuxKit

/// A host's panes at one moment.
struct HostLook: Sendable {
    struct Pane: Sendable {
        var id: HostPane
        var snapshot: PaneSnapshot
        /// Differs from the last look when the pane may show something new.
        var activity: String
        /// A living process of ours writes its tap.
        var isTapped: Bool
        /// A living process of ours writes to a file that lay at its tap's place and was removed.
        var isOrphaned: Bool
    }

    var host: String
    /// Those that the filter accepts.
    var panes: [Pane]
    /// Every pane of the server, also those that the filter does not accept.
    var existing: Set<HostPane>
}

/// What ``HostObserver`` found out.
enum HostObservation: Sendable {
    case look(HostLook)
    case unreachable(host: String, reason: String)
    case capture(HostPane, PaneHistory)
    /// From the history's moment on the pane's bytes reach its tap; nil: it has a pipe already.
    case lent(HostPane, PaneHistory?)
    /// What a run that was killed right behind the making of a pipe left unread; nil: nothing.
    case kept(HostPane, KeptLoan?)
    /// Our pipe is over, and all that it brought is in the tap.
    case returned(HostPane)
    /// The pane could not be asked; the next look tells more.
    case failed(HostPane)
}

/// What ``HostObserver`` is asked to do.
enum HostRequest: Sendable {
    case capture(HostPane, limit: Int)
    case lend(HostPane, limit: Int, LoanNote)
    /// Looks for what a run of before has left unread when it made the pane's pipe; `read` bytes of its tap are read.
    case findLoan(HostPane, read: Int64)
    /// What the pane showed before its pipe is written down.
    case settleLoan(HostPane)
    /// Ends our pipe, and brings what it still holds.
    case giveBack(HostPane)
    /// Somebody else has taken the pane's pipe: what still names ours goes away, and what ours held is brought.
    case forgetTap(HostPane)
    /// The end of an action is written down: tmux need not remember it any more.
    case forget(OutboxID, HostPane)
    /// A tap that nobody reads any more: what is left of it on the other machine goes away.
    case dropTap(host: String, FilePath)
    /// Looks at every host now.
    case look
}
