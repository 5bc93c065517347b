internal import Config
internal import Core
internal import ProcessKit
internal import SystemPackage

/// The fleet's policy as it is in force: an edit that cannot be used leaves the last good one in place.
struct LivePolicy {
    let path: FilePath
    private(set) var policy = Policy(pipelines: [])
    /// Why the file as it is now is not in force; nil when it is.
    private(set) var problem: String?
    private var text: String?

    init(path: FilePath) { self.path = path }

    enum Change {
        case none
        case replaced(warnings: [String])
        case refused(String)
    }

    /// Reads the file again if its text changed.
    mutating func reload(mainBranch: String?, dialogs: [String]? = nil) -> Change {
        let found: String?
        do {
            found = try Files.readText(path)
        } catch {
            problem = "\(path): \(error)"
            return .refused(problem ?? "")
        }
        guard found != text || problem != nil else { return .none }
        let isSame = found == text
        text = found
        guard let found else {
            policy = Policy(pipelines: [])
            problem = nil
            return .replaced(warnings: ["\(path) does not exist: no policy is in force"])
        }
        do {
            let loaded = try PolicyFile.read(
                found, file: path.string, context: .init(mainBranch: mainBranch, dialogs: dialogs))
            policy = loaded.policy
            problem = nil
            return .replaced(warnings: loaded.warnings.map(\.rendered))
        } catch {
            let first = problem == nil || !isSame
            problem = error.message
            return first ? .refused(error.message) : .none
        }
    }
}
