internal import Config
internal import Core
internal import GitKit
internal import ProcessKit
internal import SystemPackage

extension Doctor {
    /// A fleet id that was made for a repository elsewhere; nil for the repository's own or none.
    func copiedRepository() async throws -> Finding? {
        let repository = try await FleetContext.openRepository(surroundings)
        guard case .foreign(let id, let from) = try await repository.fleetID() else { return nil }
        return Finding(
            .copiedRepository, repository.layout.fleetRoot.string,
            "The repository was copied or moved from \(from) with the fleet id \(id)",
            remedy: "Give it an id of its own, so that two copies never touch each other's agents")
    }

    /// What can be wrong with the fleet's own files.
    func settings(_ context: FleetContext) throws -> [Finding] {
        var found: [Finding] = []
        if !context.isTrusted {
            found.append(Self.finding(FleetError.untrusted(root: context.root), .untrusted, ".tmuxagent"))
        }
        do {
            _ = try context.templates()
        } catch let error as any UserFacingError {
            found.append(Self.finding(error, .settings, "templates"))
        }
        do {
            found += try context.detection.library().failures.map { Self.finding($0, .settings, "detect") }
        } catch let error as any UserFacingError {
            found.append(Self.finding(error, .settings, "detect"))
        }
        let policy = context.configuration.watch.policy
        var shown = policy
        _ = shown.removePrefix(context.root)
        guard let text = try Files.readText(policy) else {
            return found + [
                Finding(
                    .policy, shown.string, "There is no policy file, so no pipeline runs",
                    remedy: "'tmux-agent init' writes one")
            ]
        }
        let problems = PolicyFile.check(text, file: shown.string, context: .init(dialogs: context.dialogIDs))
        found += problems.filter { $0.severity == .error }.map { Self.finding($0, .policy) }
        return found
    }
}
