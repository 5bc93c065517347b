public import Core

/// Why a configuration file, template or other setting cannot be used.
public enum ConfigurationError: Error, Equatable {
    /// Every problem of one file, in the order of the file; at least one is an error.
    case invalid(file: String, problems: [ConfigurationProblem])
    case notFound(file: String)
    case unreadable(file: String, reason: String)
    case unknownTemplate(name: String, nearest: String?, known: [String])
    /// Two files of one folder give themselves the same name.
    case duplicateTemplate(name: String, first: String, second: String)

    /// The problems of an unusable file; empty for the other cases.
    public var problems: [ConfigurationProblem] {
        guard case .invalid(_, let problems) = self else { return [] }
        return problems
    }
}

extension ConfigurationError: UserFacingError {
    public var code: String {
        switch self {
        case .invalid: "configuration_invalid"
        case .notFound: "configuration_not_found"
        case .unreadable: "configuration_unreadable"
        case .unknownTemplate: "template_unknown"
        case .duplicateTemplate: "template_duplicate"
        }
    }

    public var message: String {
        switch self {
        case .invalid(let file, let problems):
            let count = problems.filter { $0.severity == .error }.count
            let counted = count == 1 ? "1 error" : "\(count) errors"
            return (["\(file) has \(counted)"] + problems.map(\.rendered)).joined(separator: "\n")
        case .notFound(let file): return "There is no \(file)"
        case .unreadable(let file, let reason): return "\(file) cannot be read: \(reason)"
        case .unknownTemplate(let name, _, _): return "No template named '\(name)'"
        case .duplicateTemplate(let name, let first, let second):
            return "Two templates are named '\(name)': \(first) and \(second)"
        }
    }

    public var hint: String? {
        switch self {
        case .invalid: return nil
        case .notFound: return "Run 'tmux-agent init' to make the fleet's files, or check the path"
        case .unreadable: return "Check the file's owner and mode"
        case .unknownTemplate(_, let nearest, let known):
            let all = "Templates: \(known.joined(separator: ", "))"
            return nearest.map { "Did you mean '\($0)'? \(all)" } ?? all
        case .duplicateTemplate: return "Change 'name:' in the front matter of one of them"
        }
    }

    public var exitStatus: ExitStatus { .unusableSettings }
}
