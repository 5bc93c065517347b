internal import Core
internal import Fleet
internal import GitKit
internal import Glibc
internal import ProcessKit
internal import Store
internal import SystemPackage
internal import TmuxKit

extension Hands {
    /// Runs a shell action in a process of its own, or finds out what became of one that was begun.
    func runShell(
        _ command: String, timeout: Duration, environment: [String: String], _ item: OutboxItem
    ) async throws -> ActionResult {
        if case .panes(let hosts) = workplace, case .pane(let pane) = item.subject,
            let remote = hosts.host(of: pane)?.remote
        {
            return try await runRemotely(
                command, timeout: timeout, environment: environment, item, on: remote, pane, hosts)
        }
        let root = workplace.run.appending("actions")
        let folder = ShellActionFolder(item: item.id, attempt: item.attempt, under: root)
        try Files.makeFolder(folder.path, mode: 0o700)
        let ends = FileEvents()
        try ends.watch(folder.path)
        if try folder.fate() == .unclaimed {
            guard await isAwaited(item) else {
                throw HandsError.notStarted(reason: "its stage ended before it began")
            }
            try await start(command, timeout: timeout, environment: environment, item, in: folder)
        }
        ends.wake()
        // A child that is killed between its claim and its lock changes no file afterwards, so the look is repeated.
        var lastUnclaimed: Timestamp?
        var isStopped = false
        for await _ in ends.wakes {
            switch try folder.fate() {
            case .ended(let status):
                var result = result(of: status, folder, item)
                if isStopped { result.detail = "it was ended with its stage\n" + (result.detail ?? "") }
                return result
            case .uncertain:
                return ActionResult(
                    item: item.id, state: .uncertain,
                    detail: "the shell action was begun and its end is not known; it is not repeated")
            case .unclaimed:
                let since = lastUnclaimed ?? now
                lastUnclaimed = since
                guard now.distance(from: since) < .seconds(10) else {
                    throw HandsError.notStarted(reason: "its process did not begin within 10 s")
                }
            case .running:
                lastUnclaimed = nil
                // Its stage timed out, or its run was cancelled: nobody waits for it, and the next one may not wait either.
                if !isStopped, await !isAwaited(item) { isStopped = folder.stop() }
            }
            ends.setAlarm(after: .milliseconds(500))
        }
        throw CancellationError()
    }

    /// Whether the run that it belongs to still waits for its end; when nobody can tell, it does.
    private func isAwaited(_ item: OutboxItem) async -> Bool {
        guard let run = item.run else { return true }
        do {
            return try await store.run(run).awaits(item.id)
        } catch {
            guard case .runNotFound = error else { return true }
            return false
        }
    }

    /// Starts the child detached, in a session of its own: it outlives this process.
    private func start(
        _ command: String, timeout: Duration, environment: [String: String], _ item: OutboxItem,
        in folder: ShellActionFolder
    ) async throws {
        let (worktree, variables) = try await surroundings(of: item)
        let surroundings = workplace.surroundings
        var all = surroundings.environment.filter { key, _ in
            // Who has the secret could sign answers.
            !key.hasPrefix("GIT_") && !key.hasPrefix("TMUX") && !key.hasPrefix("AI_AGENT_")
                && key != Secret.variable
        }
        all.merge(variables) { _, new in new }
        all.merge(environment) { _, new in new }
        let result = try await CommandRunner().run(
            Command(
                "setsid",
                [
                    "--fork", surroundings.executable.string, "run-action", "--folder",
                    folder.path.string,
                    "--timeout-ms", String(timeout.inMilliseconds), "--", command,
                ], environment: all, workingDirectory: worktree, timeout: .seconds(20)))
        guard result.isSuccess else { throw HandsError.notStarted(reason: result.errorText) }
    }

    /// Where the action runs and what it is told of its subject.
    private func surroundings(of item: OutboxItem) async throws -> (FilePath, [String: String]) {
        switch workplace {
        case .fleet(let context, _): return try await surroundings(of: item, in: context)
        case .panes(let hosts):
            guard case .pane(let pane) = item.subject else {
                throw HandsError.noPane(subject: item.subject.key)
            }
            return try await surroundings(of: pane, hosts)
        }
    }

    /// The pane's folder, and the variables that say which pane it is.
    private func surroundings(
        of pane: HostPane, _ hosts: PaneHosts
    ) async throws -> (FilePath, [String: String]) {
        let (server, address) = try await hosts.place(of: pane)
        let session = try await server.capture(address).pane.session
        let folder = FilePath(try await server.folder(of: address))
        let variables = [
            "TMUX_AGENT_HOME": hosts.places.home.string, "TMUX_AGENT_HOST": pane.host,
            "TMUX_AGENT_PANE": pane.pane.description, "TMUX_AGENT_SESSION": session.rawValue,
            "PATH": SpawnPath.search(hosts.surroundings),
        ]
        let isHere = hosts.host(of: pane)?.remote == nil
        return (isHere && !Files.isFolder(folder) ? hosts.surroundings.home : folder, variables)
    }

    private func runRemotely(
        _ command: String, timeout: Duration, environment: [String: String], _ item: OutboxItem,
        on remote: RemoteHost, _ pane: HostPane, _ hosts: PaneHosts
    ) async throws -> ActionResult {
        let (folder, variables) = try await surroundings(of: pane, hosts)
        // Paths and folders of this machine mean nothing there.
        var all = variables.filter { $0.key != "PATH" && $0.key != "TMUX_AGENT_HOME" }
        all.merge(environment) { _, new in new }
        let end = try await remote.shell(
            command, key: "\(item.id)@\(item.attempt)", timeout: timeout, environment: all,
            folder: folder.string)
        let output = end.output.isEmpty ? nil : end.output
        switch end.end {
        case .exited(let code):
            return ActionResult(
                item: item.id, state: code == 0 ? .done : .failed, exitCode: code, detail: output)
        case .signaled(let signal):
            return ActionResult(item: item.id, state: .failed, exitCode: 128 + signal, detail: output)
        case .timedOut:
            return ActionResult(
                item: item.id, state: .failed, detail: "it ran into its time limit\n\(end.output)")
        case .uncertain:
            return ActionResult(
                item: item.id, state: .uncertain,
                detail: "the shell action was begun and its end is not known; it is not repeated")
        }
    }

    private func surroundings(
        of item: OutboxItem, in context: FleetContext
    ) async throws -> (FilePath, [String: String]) {
        var variables = [
            "TMUX_AGENT_FLEET": context.root.string, "TMUX_AGENT_HOME": context.places.home.string,
            "PATH": SpawnPath.search(context.surroundings),
        ]
        guard case .agent(let id) = item.subject, let agent = try await store.agent(id) else {
            variables["TMUX_AGENT_WORKTREE"] = context.root.string
            // a detached HEAD has no branch to name
            if let branch = try? await context.repository.mainBranch() {
                variables["TMUX_AGENT_BRANCH"] = branch.rawValue
            }
            return (context.root, variables)
        }
        variables.merge(agent.program.environment) { _, new in new }
        variables["PATH"] = agent.program.searchPath
        variables["TMUX_AGENT_BRANCH"] = agent.place.branch
        variables["TMUX_AGENT_WORKTREE"] = agent.place.worktree.string
        variables["TMUX_AGENT_SESSION"] = agent.place.session.rawValue
        return (agent.place.worktree, variables)
    }

    private func result(of status: ShellActionStatus, _ folder: ShellActionFolder, _ item: OutboxItem)
        -> ActionResult
    {
        // what the command wrote is an extra; its status is what counts
        var detail = (try? folder.outputTail()) ?? ""
        switch status {
        case .timedOut: detail = "it ran into its time limit\n" + detail
        case .failed(let reason): detail = reason
        case .exited, .signaled: break
        }
        let isDone = status == .exited(0)
        return ActionResult(
            item: item.id, state: isDone ? .done : .failed, exitCode: status.exitCode,
            detail: detail.isEmpty ? nil : detail)
    }
}
