public import Core
public import SystemPackage

/// A whole orchestrator: its settings, tasks and prompts.
public struct OrchestratorPlan: Sendable {
    public var configuration: OrchestratorConfiguration
    public var prompts: PromptSet
}

/// Reads `.tmuxagent/orchestrator.toml`.
public enum OrchestratorFile {
    /// Where the file is, relative to the repository root; also how messages call it.
    public static let path = ".tmuxagent/orchestrator.toml"

    /// Reads a file; prompts are looked for from `base` on.
    public static func load(
        _ file: FilePath, shownAs name: String, base: FilePath
    ) throws(ConfigurationError) -> Decoded<OrchestratorPlan> {
        let bytes = try ConfigurationFile.bytes(at: file, shownAs: name)
        return try decode(bytes, file: name, base: base)
    }

    /// The files that `[prompts]` and `[phase_prompts]` name, also where something else of the file is wrong; none of a file
    /// that is no TOML.
    public static func promptFiles(in file: FilePath, base: FilePath) -> [FilePath] {
        guard let bytes = try? ConfigurationFile.bytes(at: file, shownAs: file.string),
            let root = try? TOMLReader.read(bytes: bytes, file: file.string)
        else { return [] }  // whoever loads the file says what is wrong with it
        return PromptDecoder.sections.flatMap { root[$0]?.entries ?? [] }.compactMap { entry in
            guard case .string(let path) = entry.value.value else { return nil }
            return PromptDecoder.place(of: path, base: base)
        }
    }

    /// Decodes a file's bytes, and reads the prompts that it names.
    public static func decode(
        _ bytes: some Collection<UInt8>, file: String, base: FilePath
    ) throws(ConfigurationError) -> Decoded<OrchestratorPlan> {
        let root = try TOMLReader.read(bytes: bytes, file: file)
        let problems = ProblemList()
        let plan = OrchestratorDecoder(base: base, problems: problems).decode(root)
        try problems.throwErrors(of: file)
        return Decoded(plan, warnings: problems.warnings)
    }
}
