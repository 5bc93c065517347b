internal import Config
internal import Core
internal import GitKit
internal import ProcessKit
internal import Store
internal import SystemPackage

extension Spawner {
    struct Tree {
        var createdBranch: Bool
        var warnings: [String] = []
    }

    /// The worktree of the agent's branch: made, or adopted when it is there already.
    func makeWorktree(_ plan: SpawnPlan, agent: inout Agent, undo: UndoStack) async throws -> Tree {
        let repository = context.repository
        if plan.place.usesMainCheckout {
            try await checkMainCheckout(plan.branch)
            return Tree(createdBranch: false)
        }
        try await checkRoot()
        let lock = try await RepositoryLock.acquire(for: repository.layout)
        defer { lock.release() }
        let isHalfMade = try await settleLeftover(of: plan.branch)
        let existing = try await repository.worktrees().first { $0.branch == plan.branch && !$0.isPrunable }
        if let existing, !isHalfMade { return try adopt(existing, plan, agent, undo: undo) }
        progress(.worktree(plan.place.worktree.string))
        // Written down before it is made: whoever finds this spawn killed knows what may be taken back.
        let lookup = try await repository.lookUp(plan.branch)
        let isNew = if case .local = lookup.place { agent.spawn.madeBranch } else { true }
        agent = try await context.store.update(agent.id) { agent in
            agent.spawn.phase = .branch
            agent.spawn.madeBranch = isNew
            agent.spawn.madeWorktree = true
        }
        let slug = Slug(rawValue: plan.place.worktree.lastComponent?.string ?? "") ?? Slug(plan.branch)
        let (source, isBaseUnused) = source(plan, lookup.place, isOwn: agent.spawn.madeBranch)
        let request = WorktreeRequest(
            branch: plan.branch, source: source, folder: plan.place.worktree, name: slug)
        let addition = try await repository.addWorktree(request, holding: lock)
        undo.push("worktree \(addition.folder)") { try await repository.undo(addition) }
        agent = try await context.store.update(agent.id) { agent in
            agent.spawn.phase = .worktree
            agent.spawn.madeBranch = isNew || addition.createdBranch
            agent.place.baseCommit = addition.commit.rawValue
        }
        return Tree(
            createdBranch: agent.spawn.madeBranch,
            warnings: isBaseUnused
                ? ["--base was not used: '\(plan.branch)' exists already and begins where it does"] : [])
    }

    /// Where the branch comes from; a base that somebody named is for branches that are new, or says which remote's it is.
    private func source(
        _ plan: SpawnPlan, _ place: BranchLookup.Place, isOwn: Bool
    ) -> (source: BranchSource, isBaseUnused: Bool) {
        let automatic = BranchSource.automatic(base: plan.place.base)
        guard let base = plan.namedBase else { return (automatic, false) }
        switch place {
        case .absent: return (automatic, false)
        case .local: return (automatic, !isOwn)
        case .remoteTracking(let remotes):
            let named = remotes.first { "\($0.remote)/\(plan.branch)" == base }
            return named.map { (.tracking(remote: $0.remote), false) } ?? (automatic, true)
        }
    }

    /// Goes on in a worktree that is there: a killed spawn's, or one that nobody has an agent for.
    private func adopt(
        _ existing: WorktreeSnapshot, _ plan: SpawnPlan, _ agent: Agent, undo: UndoStack
    ) throws -> Tree {
        guard !existing.isMain else { throw FleetError.fleetBranchIsMainCheckout(plan.branch.rawValue) }
        guard PlacedFiles.real(existing.path) == PlacedFiles.real(plan.place.worktree),
            Files.isFolder(existing.path)
        else {
            throw GitError.branchCheckedOut(plan.branch, at: existing.path)
        }
        // What the killed spawn made goes too when this one fails, unless somebody has worked there since.
        if agent.spawn.madeWorktree {
            undo.push("worktree \(existing.path)") { [context] in
                let tree = try AgentTree(agent, context: context)
                let look = try await tree.look(keepsBranch: false)
                if look.isSafe { _ = try await tree.remove(look) }
            }
        }
        return Tree(createdBranch: agent.spawn.madeBranch)
    }

    /// The folder for worktrees must be inside the repository also when symbolic links are followed: the setting may have
    /// come with a clone.
    private func checkRoot() async throws {
        let root = context.configuration.worktree.root
        if context.repository.layout.topLevel != nil { _ = try await context.repository.relativePath(root) }
    }

    /// Returns when no process works any more in what a killed spawn left.
    func waitForLeftover(of killed: Agent) async throws {
        guard !killed.place.usesMainCheckout else { return }
        let lock = try await RepositoryLock.acquire(for: context.repository.layout)
        defer { lock.release() }
        _ = try await settleLeftover(of: BranchName(killed.place.branch))
    }

    /// True when a killed spawn left a half-made worktree of this branch; the repository's lock is held.
    ///
    /// Git's own process may have outlived its maker: it is given time to end.
    private func settleLeftover(of branch: BranchName) async throws -> Bool {
        let deadline = ContinuousClock.now.advanced(by: .seconds(20))
        var shown: Int32?
        while true {
            let leftover = try await context.repository.leftovers().first { $0.branch == branch }
            switch leftover?.advice {
            case nil: return false
            case .finish, .remove: return true
            case .keep(let reason):
                throw GitError.leftoverInUse(leftover?.folder ?? context.root, reason: reason)
            case .wait(let pid):
                guard ContinuousClock.now < deadline else {
                    throw FleetError.leftoverBusy(branch: branch.rawValue, pid: pid)
                }
                if shown != pid { progress(.waitingForProcess(pid)) }
                shown = pid
                // Whose child it was is gone, so nothing tells of its end.
                try await Task.sleep(for: .milliseconds(50))
            }
        }
    }

    /// Fills an agent's worktree anew when its folder is gone; false when it is there.
    func remakeWorktree(of agent: Agent) async throws -> Bool {
        guard !agent.place.usesMainCheckout, !Files.exists(agent.place.worktree) else { return false }
        let branch = try BranchName(agent.place.branch)
        progress(.worktree(agent.place.worktree.string))
        _ = try await context.repository.addWorktree(
            WorktreeRequest(
                branch: branch, source: .existing, folder: agent.place.worktree, name: slug(of: agent)))
        return true
    }

    private func checkMainCheckout(_ branch: BranchName) async throws {
        guard context.repository.layout.mainWorktree != nil else { throw FleetError.noMainCheckout }
        let main = try await context.repository.worktrees().first { $0.isMain }
        let current: String? =
            switch main?.head {
            case .unborn(let name): name
            case .branch(let name, _): name.rawValue
            default: nil
            }
        guard current == branch.rawValue else {
            throw FleetError.mainCheckoutHasOtherBranch(wanted: branch.rawValue, current: current)
        }
    }

    struct Placement {
        var copied: [String] = []
        var linked: [String] = []
        var warnings: [String] = []
    }

    /// Ignored files of the main checkout that a new worktree gets.
    struct FilesToPlace: Sendable {
        var copies = IgnoredFiles()
        var links = IgnoredFiles()
    }

    /// The ignored files that fleet.toml and `.worktreeinclude` name.
    func filesToPlace(_ request: SpawnRequest) async throws -> FilesToPlace {
        var files = FilesToPlace()
        guard !request.usesMainCheckout, context.repository.layout.mainWorktree != nil else {
            return files
        }
        let settings = context.configuration.worktree
        files.copies = try await context.repository.ignoredFiles(matching: settings.copy)
        if !settings.link.isEmpty {
            // `.worktreeinclude` names files to copy; those that only it names are not to be linked.
            let included = Set(try await context.repository.ignoredFiles(matching: []).paths)
            files.links = try await context.repository.ignoredFiles(matching: settings.link)
            files.links.paths.removeAll { included.contains($0) }
        }
        files.copies.paths.removeAll { files.links.paths.contains($0) }
        return files
    }

    /// Copies and links files from the main checkout into the agent's worktree.
    func place(_ files: FilesToPlace, _ plan: SpawnPlan) throws -> Placement {
        guard let main = context.repository.layout.mainWorktree else { return Placement() }
        func put(_ path: String, by step: (FilePath, FilePath) throws(FileError) -> Void) throws(FleetError) {
            do throws(FileError) {
                try step(Self.inside(main, path), Self.inside(plan.place.worktree, path))
            } catch {
                throw .notPlaced(path: path, reason: error)
            }
        }
        for path in files.copies.paths { try put(path, by: FileCopier.copy) }
        for path in files.links.paths { try put(path, by: FileCopier.link) }
        let refused = Set(files.copies.refused + files.links.refused)
        return Placement(
            copied: files.copies.paths, linked: files.links.paths,
            warnings: refused.sorted().map { "\($0) leads out of the repository and was left out" })
    }

    /// A relative path as git prints it (folders with a closing `/`) below `folder`.
    private static func inside(_ folder: FilePath, _ path: String) -> FilePath {
        folder.pushing(FilePath(path.hasSuffix("/") ? String(path.dropLast()) : path))
    }

    /// Refuses setup commands that nobody agreed to; agreeing is remembered until a file of `.tmuxagent/` changes.
    func checkConsent(_ plan: SpawnPlan, _ request: SpawnRequest) async throws {
        guard !plan.setup.isEmpty, !plan.place.usesMainCheckout else { return }
        let hash = try ContentHash.ofFleet(context.configuration, repository: context.root)
        if try await context.store.hasConsented(toSetup: hash) { return }
        guard request.agreesToSetup else {
            let isTemplates = plan.setup.allSatisfy { $0.template != nil }
            throw FleetError.setupNeedsConsent(
                commands: plan.setup.map(\.line), template: isTemplates ? plan.template?.name : nil)
        }
        try await context.store.consent(toSetup: hash, at: context.surroundings.now())
    }

    /// Runs the setup commands one after another in the new worktree.
    func runSetup(_ plan: SpawnPlan, agent: Agent) async throws {
        guard !plan.setup.isEmpty, !plan.place.usesMainCheckout else { return }
        try await context.store.setPhase(.setup, of: agent.id, spawner: spawner)
        var environment = context.surroundings.environment.filter { !$0.key.hasPrefix("GIT_") }
        environment.merge(plan.environment) { _, new in new }
        environment["PATH"] = plan.program.searchPath
        for command in plan.setup {
            progress(.setup(command: command.line))
            let result = try await CommandRunner().run(
                Command(
                    "/bin/sh", ["-c", command.line], environment: environment,
                    workingDirectory: plan.place.worktree,
                    timeout: Self.setupLimit, outputLimit: 1 << 20))
            guard result.isSuccess else {
                let lines = (result.text + result.errorText).split(separator: "\n").suffix(12)
                throw FleetError.setupFailed(
                    command: command.line, exitCode: result.exitCode,
                    output: lines.map { "  \(String($0).visible)" }.joined(separator: "\n"),
                    template: command.template)
            }
        }
    }

    /// Package managers may download much; a hung one must not hold the command for ever.
    static let setupLimit = Duration.seconds(1800)
}
