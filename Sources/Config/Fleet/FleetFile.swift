public import Core
public import SystemPackage

/// Reads `.tmuxagent/fleet.toml`.
public enum FleetFile {
    /// Where the file is, relative to the repository root; also how messages call it.
    public static let path = ".tmuxagent/fleet.toml"

    /// Reads the file of `repository`, the main checkout's folder.
    public static func load(
        repository: FilePath, places: Places
    ) throws(ConfigurationError) -> Decoded<FleetConfiguration> {
        let bytes = try ConfigurationFile.bytes(
            at: repository.pushing(FilePath(path)), shownAs: path)
        return try decode(bytes, file: path, repository: repository, places: places)
    }

    /// Decodes a file's bytes; `repository` gives the default name and the base of relative paths.
    public static func decode(
        _ bytes: some Collection<UInt8>, file: String, repository: FilePath, places: Places
    ) throws(ConfigurationError) -> Decoded<FleetConfiguration> {
        let root = try TOMLReader.read(bytes: bytes, file: file)
        let problems = ProblemList()
        let configuration = FleetDecoder(
            repository: repository.lexicallyNormalized(), places: places, problems: problems
        ).decode(root)
        try problems.throwErrors(of: file)
        return Decoded(configuration, warnings: problems.warnings)
    }
}
