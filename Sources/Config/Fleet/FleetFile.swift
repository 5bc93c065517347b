public import Core
public import SystemPackage

/// Reads `.tmuxagent/fleet.toml`.
public enum FleetFile {
    /// Where the file is, relative to the repository root; also how messages call it.
    public static let path = ".tmuxagent/fleet.toml"

    /// What a fleet is called that has no name: its repository folder, with `-` in place of control characters.
    public static func defaultName(of repository: FilePath) -> String {
        let folder = repository.normalized.lastComponent?.string ?? "fleet"
        var name = String.UnicodeScalarView()
        for scalar in folder.unicodeScalars {
            name.append(scalar.properties.generalCategory == .control ? "-" : scalar)
        }
        return String(name)
    }

    /// Reads the file of `repository`, the main checkout's folder.
    public static func load(
        repository: FilePath, places: Places
    ) throws(ConfigurationError) -> Decoded<FleetConfiguration> {
        let bytes = try ConfigurationFile.bytes(
            at: repository.pushing(FilePath(path)), shownAs: path)
        let folder = repository.pushing(FilePath(DetectionLibrary.folder))
        var rules: [DetectionRules] = []
        if let names = try? FolderListing.names(in: folder), !names.isEmpty {
            // Rules that cannot be read bring no kinds; whoever reads screens says what is wrong with them.
            rules = (try? DetectionLibrary.load(folder: folder).rules) ?? []
        }
        return try decode(bytes, file: path, repository: repository, places: places, rules: rules)
    }

    /// Decodes a file's bytes; `repository` gives the default name and the base of relative paths, `rules` the kinds of
    /// agents beside the built-in ones.
    public static func decode(
        _ bytes: some Collection<UInt8>, file: String, repository: FilePath, places: Places,
        rules: [DetectionRules] = []
    ) throws(ConfigurationError) -> Decoded<FleetConfiguration> {
        let root = try TOMLReader.read(bytes: bytes, file: file)
        let problems = ProblemList()
        let configuration = FleetDecoder(
            repository: repository.normalized, places: places, problems: problems, rules: rules
        ).decode(root)
        try problems.throwErrors(of: file)
        return Decoded(configuration, warnings: problems.warnings)
    }
}
