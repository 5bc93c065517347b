internal import Core
internal import Glibc
public import SystemPackage

/// The templates that a fleet can use: the built-in ones, and those of its folder, which win by name.
public struct TemplateLibrary: Sendable {
    /// By name.
    public let templates: [Template]
    public let warnings: [ConfigurationProblem]
    /// Files that cannot be used, with the name that they would have had.
    public let failures: [Failure]

    public struct Failure: Sendable {
        public let name: String
        public let error: ConfigurationError
    }

    /// The templates that come with the program.
    public static let builtIn: TemplateLibrary = {
        var results: [(stem: String, result: Result<Decoded<Template>, ConfigurationError>)] = []
        for name in EmbeddedFile.names(below: "templates/") {
            let stem = String(name.dropFirst("templates/".count).dropLast(".md".count))
            let text = EmbeddedFile.text(named: name) ?? ""
            results.append((stem, decode(Array(text.utf8), name, stem, .builtIn)))
        }
        return TemplateLibrary(results, over: [])
    }()

    /// The built-in templates and the `*.md` files of `folder`; a folder that does not exist is an empty one.
    ///
    /// A file that cannot be used does not hide the others: asking for it throws what is wrong with it.
    public static func load(folder: FilePath, shownAs name: String) throws(ConfigurationError)
        -> TemplateLibrary
    {
        var results: [(stem: String, result: Result<Decoded<Template>, ConfigurationError>)] = []
        for file in try fileNames(in: folder, shownAs: name) {
            let stem = String(file.dropLast(".md".count))
            let shown = name.isEmpty ? file : "\(name)/\(file)"
            do throws(ConfigurationError) {
                let bytes = try ConfigurationFile.bytes(at: folder.appending(file), shownAs: shown)
                results.append((stem, decode(bytes, shown, stem, .file(shown))))
            } catch {
                results.append((stem, .failure(error)))
            }
        }
        return TemplateLibrary(results, over: builtIn.templates)
    }

    /// The template of this name, or why there is none.
    public func template(named name: String) throws(ConfigurationError) -> Template {
        if let failure = failures.first(where: { $0.name == name }) { throw failure.error }
        if let template = templates.first(where: { $0.name == name }) { return template }
        let known = templates.map(\.name)
        throw .unknownTemplate(name: name, nearest: didYouMean(name, among: known), known: known)
    }

    private init(
        _ results: [(stem: String, result: Result<Decoded<Template>, ConfigurationError>)],
        over base: [Template]
    ) {
        var own: [String: Template] = [:]
        var warnings: [ConfigurationProblem] = []
        var failures: [Failure] = []
        for (stem, result) in results {
            switch result {
            case .failure(let error): failures.append(Failure(name: stem, error: error))
            case .success(let decoded):
                let template = decoded.value
                warnings += decoded.warnings
                if let other = own[template.name] {
                    let error = ConfigurationError.duplicateTemplate(
                        name: template.name, first: other.source.description,
                        second: template.source.description)
                    failures.append(Failure(name: template.name, error: error))
                } else {
                    own[template.name] = template
                }
            }
        }
        let kept = base.filter { own[$0.name] == nil }
        templates = (kept + own.values).sorted { $0.name < $1.name }
        self.warnings = warnings
        self.failures = failures
    }

    private static func decode(
        _ bytes: [UInt8], _ file: String, _ stem: String, _ source: Template.Source
    ) -> Result<Decoded<Template>, ConfigurationError> {
        do throws(ConfigurationError) {
            return .success(try TemplateFile.decode(bytes, file: file, stem: stem, source: source))
        } catch {
            return .failure(error)
        }
    }

    /// The names of the visible `*.md` entries, sorted.
    private static func fileNames(in folder: FilePath, shownAs name: String) throws(ConfigurationError)
        -> [String]
    {
        do {
            return try FolderListing.names(in: folder).filter { $0.hasSuffix(".md") && !$0.hasPrefix(".") }
        } catch {
            if error == .noSuchFileOrDirectory { return [] }
            throw .unreadable(file: name, reason: error.description)
        }
    }
}
