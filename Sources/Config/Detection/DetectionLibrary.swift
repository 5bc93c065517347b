public import Core
public import SystemPackage

/// The rules that a fleet reads screens by: the built-in ones, and its own files, which add to them.
///
/// A file's rule or dialog takes the place of the built-in one of its name; the others are tried too. `ready` and
/// `composer` replace, `programs` are added, and names under `without` do not count any more.
public struct DetectionLibrary: Sendable {
    /// By kind, in the order of their names.
    public let rules: [DetectionRules]
    public let warnings: [ConfigurationProblem]
    /// Files that cannot be used; the rules are those of the other files.
    public let failures: [ConfigurationError]
    /// Which file a rule or dialog comes from, by `<kind>/<name>`; what is absent is built in.
    private let origins: [String: String]
    private let byKind: [AgentKind: DetectionRules]

    /// Where a fleet's files lie below its root.
    public static let folder = ".tmuxagent/detect"
    static let mostFiles = 64

    /// The built-in rules and the `*.yaml` files of `folder`; a folder that does not exist is an empty one.
    public static func load(folder: FilePath, shownAs shown: String = DetectionLibrary.folder)
        throws(ConfigurationError)
        -> DetectionLibrary
    {
        var files: [(name: String, result: Result<Decoded<DetectionFile.Contents>, ConfigurationError>)] = []
        let names = try fileNames(in: folder, shownAs: shown)
        for name in names.prefix(mostFiles) {
            let file = "\(shown)/\(name)"
            do throws(ConfigurationError) {
                let bytes = try ConfigurationFile.bytes(at: folder.appending(name), shownAs: file)
                files.append(
                    (file, .success(try DetectionFile.contents(bytes, file: file, checksCost: true))))
            } catch {
                files.append((file, .failure(error)))
            }
        }
        if names.count > mostFiles {
            let reason = "there are \(names.count) files, and at most \(mostFiles) are read"
            files.append((shown, .failure(.unreadable(file: shown, reason: reason))))
        }
        return DetectionLibrary(over: try DetectionFile.builtIn(), files)
    }

    /// The built-in rules alone, for a folder that is no fleet's.
    public static func builtIn() throws(ConfigurationError) -> DetectionLibrary {
        DetectionLibrary(over: try DetectionFile.builtIn(), [])
    }

    public func rules(of kind: AgentKind) -> DetectionRules? { byKind[kind] }

    /// The file that a rule or dialog comes from; nil for a built-in one.
    public func origin(of name: String, kind: AgentKind) -> String? { origins["\(kind)/\(name)"] }

    /// Every dialog that a policy can name.
    public var dialogIDs: [String] { rules.flatMap(\.dialogIDs) }

    /// The kind whose rules name `program`, a path or a bare name.
    public func kind(ofProgram program: String) -> AgentKind? {
        let name = program.split(separator: "/").last.map { String($0) } ?? program
        return rules.first { $0.programs.contains(name) }?.kind
    }

    private init(
        over base: [DetectionRules],
        _ files: [(name: String, result: Result<Decoded<DetectionFile.Contents>, ConfigurationError>)]
    ) {
        var byKind = Dictionary(base.map { ($0.kind, $0) }) { $1 }
        var (warnings, failures, origins) = (
            [ConfigurationProblem](), [ConfigurationError](), [String: String]()
        )
        for (file, result) in files {
            switch result {
            case .failure(let error): failures.append(error)
            case .success(let decoded):
                warnings += decoded.warnings
                let own = decoded.value.rules
                var merged = byKind[own.kind]?.merged(with: own) ?? own
                let problems = ProblemList()
                merged.take(away: decoded.value.without, problems)
                if problems.hasErrors {
                    failures.append(.invalid(file: file, problems: problems.sorted))
                    continue
                }
                byKind[own.kind] = merged
                for name in own.rules.map(\.name) + own.dialogs.map(\.name) {
                    origins["\(own.kind)/\(name)"] = file
                }
            }
        }
        self.byKind = byKind
        rules = byKind.values.sorted { $0.kind.rawValue < $1.kind.rawValue }
        (self.warnings, self.failures, self.origins) = (warnings, failures, origins)
    }

    private static func fileNames(in folder: FilePath, shownAs shown: String) throws(ConfigurationError)
        -> [String]
    {
        do {
            return try FolderListing.names(in: folder).filter { name in
                !name.hasPrefix(".") && (name.hasSuffix(".yaml") || name.hasSuffix(".yml"))
            }
        } catch {
            if error == .noSuchFileOrDirectory { return [] }
            throw .unreadable(file: shown, reason: error.description)
        }
    }
}

extension DetectionRules {
    /// These rules with another file's over them.
    fileprivate func merged(with own: DetectionRules) -> DetectionRules {
        var merged = self
        if !own.seenOn.isEmpty { merged.seenOn = own.seenOn }
        merged.programs += own.programs.filter { !programs.contains($0) }
        if !own.ready.isEmpty { merged.ready = own.ready }
        if own.composer != nil { merged.composer = own.composer }
        let ruleNames = Set(own.rules.map(\.name))
        // In front, so that of two rules with one priority the fleet's own decides.
        merged.rules = own.rules + rules.filter { !ruleNames.contains($0.name) }
        let dialogNames = Set(own.dialogs.map(\.name))
        merged.dialogs = own.dialogs + dialogs.filter { !dialogNames.contains($0.name) }
        return merged
    }

    fileprivate mutating func take(away names: [DetectionFile.Contents.Name], _ problems: ProblemList) {
        let known = rules.map(\.name) + dialogs.map(\.name)
        for name in names {
            guard known.contains(name.text) else {
                NodeDecoder(problems: problems).unknown(
                    name.text, what: "there is no rule or dialog of \(kind)", among: known, at: name.position)
                continue
            }
            rules.removeAll { $0.name == name.text }
            dialogs.removeAll { $0.name == name.text }
        }
    }
}
