internal import Config
internal import Core
internal import ProcessKit
internal import SystemPackage

/// A policy file as it is in force: while the file is missing or cannot be used, the last good policy stays in place.
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
    private var isUnread = true

    init(path: FilePath, copy: FilePath? = nil, isClassic: Bool = false) {
        self.path = path
        self.copy = copy
        self.isClassic = isClassic
    }

    enum Change {
        case none
        case replaced(warnings: [String])
        /// There is neither a file nor a policy in force.
        case missing(String)
        case refused(String)
    }

    /// Reads the file again if its text changed.
    ///
    /// At the first look at a fleet's file the last good policy is that of the last process.
    mutating func reload(mainBranch: String?, dialogs: [String]? = nil) -> Change {
        let context = PolicyFile.Context(isClassic: isClassic, mainBranch: mainBranch, dialogs: dialogs)
        let found: String?
        do {
            found = try Files.readText(path)
        } catch {
            return refuse("\(path): \(error)", context)
        }
        guard found != text || problem != nil || isUnread else { return .none }
        let isSame = found == text && !isUnread
        text = found
        guard let found else { return isSame ? .none : takeMissing(context) }
        do {
            let loaded = try PolicyFile.read(found, file: path.string, context: context)
            (policy, problem, isUnread) = (loaded.policy, nil, false)
            keep(found)
            return .replaced(warnings: loaded.warnings.map(\.rendered))
        } catch {
            return refuse(error.message, context, isSame: isSame)
        }
    }

    /// Programs that write a file anew, git among them, take it away for a moment.
    private mutating func takeMissing(_ context: PolicyFile.Context) -> Change {
        takeUpLast(context)
        guard policy == Policy(pipelines: []) else {
            return refuse(
                "\(path) does not exist: put it back, or write 'pipelines: []' to have no policy", context)
        }
        problem = nil
        keep("pipelines: []\n")
        return .missing("\(path) does not exist: no policy is in force")
    }

    private mutating func refuse(
        _ reason: String, _ context: PolicyFile.Context, isSame: Bool = false
    ) -> Change {
        takeUpLast(context)
        defer { problem = reason }
        return problem == nil || !isSame && problem != reason ? .refused(reason) : .none
    }

    /// What was in force when the last process ended; `run` may be given another file each time.
    private mutating func takeUpLast(_ context: PolicyFile.Context) {
        defer { isUnread = false }
        guard isUnread, !isClassic, let copy else { return }
        // without it nothing is in force, which is said
        guard let text = try? Files.readText(copy),
            let last = try? PolicyFile.read(text, file: copy.string, context: context)
        else { return }
        policy = last.policy
    }

    private func keep(_ text: String) {
        guard let copy else { return }
        // Explanations and gates read it while an edit is broken: without it they speak of the file.
        try? Files.makeFolder(copy.removingLastComponent(), mode: 0o700)
        try? Files.write(text, to: copy)
    }
}
