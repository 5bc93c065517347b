extension TaskStanding {
    /// Why a request would change nothing, as what follows the task's name in a sentence; nil: it does something.
    ///
    /// `commands` are those of the task that wait, run, or could not be delivered.
    public func futility(of request: TaskRequest, commands: [QueuedCommand]) -> String? {
        switch request {
        case .hold:
            if state == .done { return "is done: there is nothing to hold" }
            return isHeld ? "is held already" : nil
        case .release:
            let isFree = !isHeld && pause == nil && failureStreak == 0 && deciding.failures == 0
            return isFree ? "is neither held nor paused" : nil
        case .cancel: return state.isEnded ? "is \(state.rawValue) already" : nil
        case .retry:
            if state == .failed || state == .cancelled || conflict != nil { return nil }
            if state.isActive, commands.contains(where: { $0.state == .dead }) { return nil }
            return "is \(state.rawValue): there is nothing to try again"
        }
    }
}
