internal import Config
internal import Core
internal import GitKit
internal import ProcessKit
internal import Store
internal import SystemPackage

extension Spawner {
    struct Tree {
        var createdBranch: Bool
    }

    /// The worktree of the agent's branch: made, or adopted when it is there already.
    func makeWorktree(_ plan: SpawnPlan, agent: inout Agent, undo: UndoStack) async throws -> Tree {
        let repository = context.repository
        if plan.place.usesMainCheckout {
            try await checkMainCheckout(plan.branch)
            return Tree(createdBranch: false)
        }
        let existing = try await repository.worktrees().first { $0.branch == plan.branch }
        if let existing {
            guard !existing.isMain else { throw FleetError.fleetBranchIsMainCheckout(plan.branch.rawValue) }
            guard existing.path == plan.place.worktree, Files.isFolder(existing.path) else {
                throw GitError.branchCheckedOut(plan.branch, at: existing.path)
            }
            return Tree(createdBranch: agent.spawn.madeBranch)
        }
        progress(.worktree(plan.place.worktree.string))
        try Files.makeFolder(context.configuration.worktree.root)
        let slug = Slug(rawValue: plan.place.worktree.lastComponent?.string ?? "") ?? Slug(plan.branch)
        let request = WorktreeRequest(
            branch: plan.branch, source: .automatic(base: plan.place.base), folder: plan.place.worktree,
            name: slug)
        let addition = try await repository.addWorktree(request)
        undo.push("worktree \(addition.folder)") { try await repository.undo(addition) }
        let base = addition.commit.rawValue
        agent = try await context.store.update(agent.id) { agent in
            agent.spawn.phase = .worktree
            agent.spawn.madeBranch = addition.createdBranch
            agent.spawn.madeWorktree = true
            agent.place.baseCommit = base
        }
        return Tree(createdBranch: addition.createdBranch)
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

    struct PlacedFiles {
        var copied: [String] = []
        var linked: [String] = []
        var warnings: [String] = []
    }

    /// Copies and links the ignored files that fleet.toml and `.worktreeinclude` name.
    func placeFiles(_ plan: SpawnPlan, undo: UndoStack) async throws -> PlacedFiles {
        var placed = PlacedFiles()
        guard !plan.place.usesMainCheckout, let main = context.repository.layout.mainWorktree else {
            return placed
        }
        let settings = context.configuration.worktree
        let copies = try await context.repository.ignoredFiles(matching: settings.copy)
        var links = IgnoredFiles()
        if !settings.link.isEmpty {
            // `.worktreeinclude` names files to copy; those that only it names are not to be linked.
            let included = Set(try await context.repository.ignoredFiles(matching: []).paths)
            links = try await context.repository.ignoredFiles(matching: settings.link)
            links.paths.removeAll { included.contains($0) }
        }
        for path in copies.paths where !links.paths.contains(path) {
            try FileCopier.copy(Self.inside(main, path), to: Self.inside(plan.place.worktree, path))
            placed.copied.append(path)
        }
        for path in links.paths {
            try FileCopier.link(Self.inside(main, path), at: Self.inside(plan.place.worktree, path))
            placed.linked.append(path)
        }
        placed.warnings = Set(copies.refused + links.refused).sorted().map {
            "\($0) leads out of the repository and was left out"
        }
        return placed
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
        guard request.agreesToSetup else { throw FleetError.setupNeedsConsent(commands: plan.setup) }
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
            progress(.setup(command: command))
            let result = try await CommandRunner().run(
                Command(
                    "/bin/sh", ["-c", command], environment: environment,
                    workingDirectory: plan.place.worktree,
                    timeout: Self.setupLimit, outputLimit: 1 << 20))
            guard result.isSuccess else {
                let lines = (result.text + result.errorText).split(separator: "\n").suffix(12)
                throw FleetError.setupFailed(
                    command: command, exitCode: result.exitCode,
                    output: lines.map { "  \(String($0).visible)" }.joined(separator: "\n"))
            }
        }
    }

    /// Package managers may download much; a hung one must not hold the command for ever.
    static let setupLimit = Duration.seconds(1800)
}
