internal import Config
public import Core
internal import GitKit
internal import ProcessKit
internal import Store
internal import SystemPackage
internal import TmuxKit

/// Compares database, worktree folders, git's lists, branches and tmux in every direction.
///
/// Fixing never deletes work: what is deleted was proven to exist elsewhere, or is kept under
/// `refs/tmux-agent/rescue/` first. Agents that another command works on at this moment are left out.
public struct Doctor: Sendable {
    let surroundings: Surroundings

    public init(surroundings: Surroundings) { self.surroundings = surroundings }

    /// Settings that cannot be read are a finding; a folder that is no fleet is an error.
    public func examine(fixing: Bool) async throws -> DoctorReport {
        var report = DoctorReport()
        let copied = try await copiedRepository()
        let context: FleetContext
        do {
            context = try await FleetContext.open(surroundings)
        } catch let error as ConfigurationError {
            let problems = error.problems.filter { $0.severity == .error }
            report.remaining = problems.map { Self.finding($0, .settings) }
            if problems.isEmpty { report.remaining = [Self.finding(error, .settings, ".tmuxagent")] }
            return report
        }
        // Opening the fleet has given the copy an id of its own.
        if let copied { report.fixed.append(copied) }
        var seen: Set<String> = []
        // One repair can show the next difference: a leftover taken away leaves its row.
        for _ in 0..<4 {
            let found = try await findings(context, &report)
            report.remaining = found
            let due = found.filter { $0.isFixable && seen.insert("\($0.kind) \($0.object)").inserted }
            guard fixing, !due.isEmpty else { break }
            for finding in due {
                do {
                    try await finding.fix?()
                    report.fixed.append(finding)
                } catch {
                    let reason = (error as? any UserFacingError)?.message ?? "\(error)"
                    report.failed.append(.init(finding: finding, reason: reason))
                }
            }
        }
        return report
    }

    private func findings(_ context: FleetContext, _ report: inout DoctorReport) async throws -> [Finding] {
        var found: [Finding] = []
        report.busy = []
        do {
            report.gitVersion = try await GitVersion.check(environment: surroundings.environment)
        } catch {
            found.append(Self.finding(error, .gitVersion, "git"))
        }
        found += try settings(context)
        let panes: [PaneSnapshot]?
        do {
            report.tmuxVersion = try await TmuxServer(context.tmux()).tmux.checkVersion()
            panes = try await Self.panes(context)
        } catch let error as TmuxError {
            let kind: Finding.Kind =
                switch error {
                case .tooOld, .notInstalled: .tmuxVersion
                default: .tmuxUnreachable
                }
            found.append(Self.finding(error, kind, "tmux"))
            panes = nil
        }
        let agents = try await context.store.agents()
        report.agents = agents.count
        report.disk = DiskUse.of(context, agents: agents.count)
        let checkup = try await AgentCheckup(context: context, panes: panes)
        for agent in agents {
            guard let lock = try? context.agentLock(branch: agent.place.branch) else {
                report.busy.append(agent.place.branch)
                continue
            }
            defer { withExtendedLifetime(lock) {} }
            found += try await checkup.findings(agent)
        }
        found += try await GitCheckup(context: context, agents: agents).findings(&report.busy)
        if let panes { found += try await strayPanes(panes, context) }
        found += try await daemons(context)
        found += try await orphans(context)
        found += try await expiredLogs(context)
        return found
    }

    /// The panes of every server that an agent of the fleet was born on.
    private static func panes(_ context: FleetContext) async throws -> [PaneSnapshot] {
        var servers = [try context.tmux().address.path: try context.tmux()]
        for agent in try await context.store.agents(includingRemoved: true) {
            guard let pane = agent.pane else { continue }
            let tmux = try context.tmux(of: pane)
            servers[tmux.address.path] = tmux
        }
        var panes: [PaneSnapshot] = []
        for (_, tmux) in servers.sorted(by: { $0.key.string < $1.key.string }) {
            panes += try await TmuxServer(tmux).panesWithEnds()
        }
        return panes
    }

    static func finding(_ error: any UserFacingError, _ kind: Finding.Kind, _ object: String) -> Finding {
        Finding(kind, object, error.message, remedy: error.hint ?? "")
    }

    static func finding(_ problem: ConfigurationProblem, _ kind: Finding.Kind) -> Finding {
        Finding(
            kind, "\(problem.position)", problem.message, remedy: problem.suggestion ?? "Correct it there")
    }
}
