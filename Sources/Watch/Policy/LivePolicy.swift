internal import Config
internal import Core
internal import ProcessKit
internal import SystemPackage

/// The fleet's policy as it is in force: an edit that cannot be used leaves the last good one in place.
struct LivePolicy {
    let path: FilePath
    /// Where the text of the policy in force is kept for others to read; nil: nowhere.
    let copy: FilePath?
    /// For panes that were not spawned here.
    let isClassic: Bool
    private(set) var policy = Policy(pipelines: [])
    /// Why the file as it is now is not in force; nil when it is.
    private(set) var problem: String?
    private var text: String?

    init(path: FilePath, copy: FilePath? = nil, isClassic: Bool = false) {
        self.path = path
        self.copy = copy
        self.isClassic = isClassic
    }

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
            keep("pipelines: []\n")
            return .replaced(warnings: ["\(path) does not exist: no policy is in force"])
        }
        do {
            let loaded = try PolicyFile.read(
                found, file: path.string,
                context: .init(isClassic: isClassic, mainBranch: mainBranch, dialogs: dialogs))
            policy = loaded.policy
            problem = nil
            keep(found)
            return .replaced(warnings: loaded.warnings.map(\.rendered))
        } catch {
            let first = problem == nil || !isSame
            problem = error.message
            return first ? .refused(error.message) : .none
        }
    }

    private func keep(_ text: String) {
        guard let copy else { return }
        // Explanations and gates read it while an edit is broken: without it they speak of the file.
        try? Files.makeFolder(copy.removingLastComponent(), mode: 0o700)
        try? Files.write(text, to: copy)
    }
}
