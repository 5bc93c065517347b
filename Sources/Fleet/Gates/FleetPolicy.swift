internal import Config
public import Core
internal import GitKit
internal import ProcessKit
internal import SystemPackage

extension FleetContext {
    /// The fleet's policy as its file is now; nil when there is no file.
    ///
    /// Throws ``ConfigurationError`` with every problem of a broken one.
    public func policy() async throws -> Policy? {
        guard let text = try Files.readText(configuration.watch.policy) else { return nil }
        return try await policy(text)
    }

    /// The policy that gates go by: as the daemon does they keep to the last good one while the file is broken or gone.
    ///
    /// Throws what is wrong with the file when no daemon ever took up a good one.
    func policyOfGates() async throws -> GatePolicy? {
        do {
            if let policy = try await policy() { return GatePolicy(policy: policy, isFormer: false) }
        } catch {
            guard let former = await formerPolicy() else { throw error }
            return former
        }
        return await formerPolicy()
    }

    /// Nil when it had no gates, or cannot be read: then the file's own problems say more.
    private func formerPolicy() async -> GatePolicy? {
        guard let text = try? Files.readText(policyInForce), let former = try? await policy(text),
            !former.gates.isEmpty
        else { return nil }
        return GatePolicy(policy: former, isFormer: true)
    }

    private func policy(_ text: String) async throws -> Policy {
        var shown = configuration.watch.policy
        _ = shown.removePrefix(root)
        let branch = try await repository.mainBranch()?.rawValue
        return try PolicyFile.read(text, file: shown.string, context: .init(mainBranch: branch)).policy
    }
}

/// The policy whose gates stand.
struct GatePolicy {
    var policy: Policy
    /// The file cannot be used as it is now.
    var isFormer: Bool

    static let warning =
        "The policy file cannot be used, so the gates are those of the last good one: see 'tmux-agent policy check'"
    var warning: String? { isFormer ? Self.warning : nil }
}
