internal import Config
public import Core
internal import GitKit
internal import ProcessKit
internal import Store
public import SystemPackage

/// What `init` made and kept.
public struct InitResult: Sendable {
    public struct File: Sendable, Equatable {
        /// Relative to the repository root.
        public var path: String
        public var isNew: Bool
    }

    public var root: FilePath
    public var files: [File]
    /// False when the fleet was trusted before.
    public var isNewlyTrusted: Bool
    /// False when `.tmuxagent/` was there before and nobody agreed to it yet.
    public var isTrusted: Bool
}

/// Sets a repository up as a fleet.
///
/// What is there already stays as it is, so running it twice does no harm.
public struct Initializer: Sendable {
    let surroundings: Surroundings

    public init(surroundings: Surroundings) { self.surroundings = surroundings }

    /// `templates`: names of built-in templates to write out as files that one can edit; nil = all of them.
    public func initialize(templates: [String]?) async throws -> InitResult {
        let repository = try await GitRepository.open(
            at: surroundings.workingDirectory, environment: surroundings.environment)
        let root = repository.layout.fleetRoot
        let chosen = try chosenTemplates(templates)
        let folder = root.appending(FleetContext.folderName)
        let name = FleetFile.defaultName(of: root)
        let existed = Files.exists(folder)
        for path in [folder, folder.appending("templates")] { try requireInside(path, root) }
        try Files.makeFolder(folder.appending("templates"))
        var wanted: [(String, String)] = [
            ("fleet.toml", FleetConfiguration.defaultFile(name: name)), ("policy.yaml", StarterFile.policy),
            (".gitignore", StarterFile.gitignore),
        ]
        wanted += chosen.compactMap { template in
            EmbeddedFile.text(named: "templates/\(template.name).md").map {
                ("templates/\(template.name).md", $0)
            }
        }
        var files: [InitResult.File] = []
        for (path, text) in wanted {
            let isNew = try Files.create(folder.pushing(FilePath(path)), text)
            files.append(.init(path: "\(FleetContext.folderName)/\(path)", isNew: isNew))
        }
        for name in ["worktrees", "logs"] {
            try Files.makeFolder(folder.appending(name), mode: name == "logs" ? 0o700 : 0o755)
        }
        let isNewlyTrusted = try await trust(repository, root: root, existed: existed)
        let isTrusted: Bool
        if isNewlyTrusted {
            isTrusted = true
        } else {
            isTrusted = try await Trust(surroundings: surroundings).isTrusted(repository, root: root)
        }
        return InitResult(
            root: root, files: files, isNewlyTrusted: isNewlyTrusted, isTrusted: isTrusted)
    }

    /// A symbolic link that came with a clone must not lead what is written here to other places.
    private func requireInside(_ path: FilePath, _ root: FilePath) throws {
        guard Files.exists(path) else { return }
        guard let real = Files.realPath(path), let top = Files.realPath(root), real.isWithin(top) else {
            throw GitError.pathOutside(path, root: root)
        }
    }

    /// Trusts what `init` has just written itself in a repository without a `.tmuxagent/`.
    ///
    /// One that was there, whatever was in it, may have come with a clone: that one is for `tmux-agent trust`.
    private func trust(_ repository: GitRepository, root: FilePath, existed: Bool) async throws -> Bool {
        guard !existed else { return false }
        return try await Trust(surroundings: surroundings).trust(repository: repository, root: root)
    }

    private func chosenTemplates(_ names: [String]?) throws -> [Template] {
        guard let names else { return TemplateLibrary.builtIn.templates }
        return try names.map { try TemplateLibrary.builtIn.template(named: $0) }
    }
}

/// A person's word that a `.tmuxagent/` may run things on this machine.
public struct Trust: Sendable {
    let surroundings: Surroundings

    public init(surroundings: Surroundings) { self.surroundings = surroundings }

    /// Trusts the fleet of the surroundings' folder; false when it was trusted before.
    public func trust() async throws -> (root: FilePath, isNew: Bool) {
        let repository = try await GitRepository.open(
            at: surroundings.workingDirectory, environment: surroundings.environment)
        let root = repository.layout.fleetRoot
        guard Files.exists(root.appending(FleetContext.folderName).appending("fleet.toml")) else {
            throw FleetError.notAFleet(root: root)
        }
        return (root, try await trust(repository: repository, root: root))
    }

    /// Takes trust back; what runs already goes on.
    public func distrust() async throws -> FilePath {
        let context = try await FleetContext.open(surroundings)
        let store = try Store.open(
            path: context.places.stateDatabase, role: .command, now: surroundings.now())
        try await store.fleet(context.id).distrust(context.root)
        return context.root
    }

    func isTrusted(_ repository: GitRepository, root: FilePath) async throws -> Bool {
        try await records(of: repository).isTrusted(root)
    }

    /// Trust is kept in the user's own database, never in one that the repository names.
    private func records(of repository: GitRepository) async throws -> FleetStore {
        let store = try Store.open(
            path: Places(surroundings).stateDatabase, role: .command, now: surroundings.now())
        return store.fleet(try await FleetContext.fleetID(of: repository, surroundings))
    }

    func trust(repository: GitRepository, root: FilePath) async throws -> Bool {
        if surroundings.environment["TMUX_AGENT_ID"] != nil {
            throw FleetError.refusedInsideAgent(what: "Trusting a fleet")
        }
        let fleet = try await records(of: repository)
        if try await fleet.isTrusted(root) { return false }
        try await fleet.trust(root, at: surroundings.now())
        return true
    }
}
