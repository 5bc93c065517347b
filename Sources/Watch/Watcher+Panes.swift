internal import Core
internal import Fleet
internal import Logging
internal import ProcessKit
internal import Store
internal import TmuxKit

extension Watcher {
    /// Asks for panes that ended, went away or came back; the answers come through `takeObservations`.
    func sweepPanes() throws {
        nextSweep = now.advanced(by: Self.sweepPause)
        try keepFolders()
        let placed = agents.values.filter { $0.agent.pane != nil }.map(\.agent)
        if !placed.isEmpty { parts.panes.request(.panes(placed)) }
    }

    func takeObservations() async throws {
        for observation in parts.panes.take() {
            switch observation {
            case .reachable(let socket): worked("tmux server \(socket)")
            case .unreachable(let socket, let reason):
                say("tmux server \(socket)", reason)
            case .pane(let id, let pane, let arming):
                guard let watch = agents[id] else { continue }
                take(pane, into: watch)
                switch arming {
                case .nothing: break
                case .goesOn(let why): try await noteGap(watch, why)
                case .beginsAnew: try await resumeTap(watch)
                }
            case .screen(let id, let offset, let difference):
                guard let watch = agents[id], watch.follower?.offset == offset else { continue }
                try await take(difference, of: watch, offset: offset)
            case .size(let id, let offset, let size):
                guard let watch = agents[id], var follower = watch.follower, follower.offset == offset,
                    follower.adopt(size)
                else { continue }
                try await commit([], of: watch, &follower)
                watch.follower = follower
                (watch.isUnjudged, watch.checkAt) = (true, now.advanced(by: AgentWatch.checkDistance))
            }
        }
    }

    private func take(_ pane: PaneSnapshot?, into watch: AgentWatch) {
        let before = watch.end
        if let pane {
            watch.end = pane.end.map { .init(state: .exited, exitStatus: $0.exitStatus) }
        } else {
            watch.end = .init(state: .gone)
        }
        if watch.end != before { watch.isUnjudged = true }
    }

    private func noteGap(_ watch: AgentWatch, _ why: String) async throws {
        var step = WatchStep()
        step.journal = [
            JournalDraft(
                subject: watch.agent.subject, kind: .tapGap, source: "daemon",
                payload: ["why": .string(why)],
                tapOffset: watch.agent.tap.flatMap { Files.size($0) })
        ]
        try await store.commit(step, for: watch.agent.subject, at: now)
        watch.hasMoreBytes = true
        log.warning("agent \(watch.agent.place.branch.visible): \(why)")
    }

    /// A difference is said once, until the screens agree again.
    private func take(_ difference: ScreenDifference?, of watch: AgentWatch, offset: Int64) async throws {
        guard let difference else {
            watch.isDiffering = false
            return
        }
        guard !watch.isDiffering else { return }
        var step = WatchStep()
        step.counters = [CounterIncrement("tmux_agent_screen_differences_total")]
        step.journal = [
            JournalDraft(
                subject: watch.agent.subject, kind: .screenDiffers, source: "daemon",
                payload: difference.json, tapOffset: offset)
        ]
        try await store.commit(step, for: watch.agent.subject, at: now)
        watch.isDiffering = true
    }
}
