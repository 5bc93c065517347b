/// Reads one YAML document into a tree with positions.
///
/// Booleans and numbers are those of YAML 1.1 as PyYAML reads them (`yes`, `off`, `0o17`, `0x1F`, `1_000`), except that
/// dates and `1:30` stay text. Keys are always text, so `on:` is the key `on`. An empty document is null.
public enum YAMLReader {
    public static func read(
        _ text: String, file: String, limits: DocumentLimits = .standard
    ) throws(ConfigurationError) -> DocumentNode {
        try read(bytes: text.utf8, file: file, limits: limits)
    }

    public static func read(
        bytes: some Collection<UInt8>, file: String, limits: DocumentLimits = .standard
    ) throws(ConfigurationError) -> DocumentNode {
        let text = try DocumentText.checked(bytes, file: file, limits: limits)
        let problems = ProblemList()
        let root: DocumentNode
        do throws(YAMLFault) {
            root = try compose(Array(text.utf8), file: file, limits: limits, problems: problems)
        } catch {
            YAMLSyntax.report(error, in: Array(text.utf8), file: file, to: problems)
            reportMore(after: error, in: Array(text.utf8), file: file, limits: limits, to: problems)
            throw .invalid(file: file, problems: problems.sorted)
        }
        try problems.throwErrors(of: file)
        return root
    }

    private static func compose(
        _ bytes: [UInt8], file: String, limits: DocumentLimits, problems: ProblemList
    ) throws(YAMLFault) -> DocumentNode {
        var composer = YAMLComposer(events: YAMLEvents(bytes), file: file, limits: limits, problems: problems)
        return try composer.document()
    }

    /// Mends the place of a fault where that cannot mislead, and reads on, so that several mistakes show at once.
    private static func reportMore(
        after first: YAMLFault, in bytes: [UInt8], file: String, limits: DocumentLimits,
        to problems: ProblemList
    ) {
        var bytes = bytes
        var fault = first
        for _ in 0..<20 {
            guard let mended = YAMLSyntax.mend(fault, in: bytes) else { return }
            bytes = mended
            do throws(YAMLFault) {
                _ = try compose(bytes, file: file, limits: limits, problems: problems)
                return
            } catch {
                guard (error.line, error.column) > (fault.line, fault.column) else { return }
                YAMLSyntax.report(error, in: bytes, file: file, to: problems)
                fault = error
            }
        }
    }
}
