public import Core
public import SystemPackage

/// Reads a classic `hosts.yaml`.
public enum HostsFile {
    public static func load(
        _ path: FilePath, places: Places
    ) throws(ConfigurationError) -> Decoded<HostsConfiguration> {
        let bytes = try ConfigurationFile.bytes(at: path, shownAs: path.string)
        return try decode(bytes, file: path.string, base: path.removingLastComponent(), places: places)
    }

    /// Decodes a file's bytes; relative paths in it start at `base`.
    public static func decode(
        _ bytes: some Collection<UInt8>, file: String, base: FilePath, places: Places
    ) throws(ConfigurationError) -> Decoded<HostsConfiguration> {
        let root = try YAMLReader.read(bytes: bytes, file: file)
        let problems = ProblemList()
        let configuration = HostsDecoder(base: base, places: places, problems: problems).decode(root)
        try problems.throwErrors(of: file)
        return Decoded(configuration, warnings: problems.warnings)
    }
}
