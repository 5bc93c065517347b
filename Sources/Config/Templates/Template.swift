/// A briefing for agents of one role: Markdown with front matter.
public struct Template: Sendable, Equatable {
    public enum Source: Sendable, Equatable, CustomStringConvertible {
        case builtIn
        /// The file as it is shown to people.
        case file(String)

        public var description: String {
            switch self {
            case .builtIn: "built-in"
            case .file(let path): path
            }
        }
    }

    public var name: String
    public var summary: String
    /// The agent profile to use; nil means the default one.
    public var agent: String?
    public var model: String?
    /// Shell lines to run in the new worktree after the fleet's own, under the same consent.
    public var setup: [String]
    public var environment: [String: String]
    public var body: String
    public var source: Source
    /// The line of the file on which `body` begins.
    public var bodyLine: Int
}

/// What the placeholders of a template stand for.
public struct BriefingValues: Sendable, Equatable {
    public var branch: String
    /// Nil or blank means that nobody named a task.
    public var task: String?
    public var worktree: String

    public init(branch: String, task: String?, worktree: String) {
        self.branch = branch
        self.task = task
        self.worktree = worktree
    }
}

extension Template {
    /// The placeholders that a body may use.
    public static let placeholders = ["branch", "task", "worktree", "marker_help"]

    /// What `{{task}}` stands for when nobody named one.
    public static let defaultTask = """
        No task was named yet. Get to know the repository and the state of this branch, say in a few lines what you found, \
        and wait for your task.
        """

    /// What `{{marker_help}}` stands for.
    ///
    /// The examples are not valid JSON, so that an agent's echo of its briefing is never taken for a report.
    public static let markerHelp = """
        Report a stage when it is done, with `--fail` in place of `--ok` when it did not work out:

            tmux-agent emit STATUS --stage <name> --ok --summary "<one line>"

        Where that command cannot be run, print a marker instead, alone on its line, with the JSON filled in:

            ### SENTRY {"type":"STATUS","stage":"<name>","ok":<true|false>,"summary":"<one line>"}

        If you need an answer before you can go on, ask for it and wait:

            tmux-agent emit ASK --stage <name> --summary "one question, with the choices"
            ### SENTRY {"type":"ASK","stage":"<name>","question":"<one question>","options":[…]}

        If you are stuck for good, say on what:

            tmux-agent emit ERROR --stage <name> --summary "what failed, and what you tried"
            ### SENTRY {"type":"ERROR","stage":"<name>","detail":"<what failed>",…}

        One marker is one report: do not print it again, do not quote it, and report only what is true.
        """

    /// The briefing for an agent: the body with its placeholders filled in.
    ///
    /// A task that the body has no place for follows at the end. Other `{{words}}` stay as they are, and values are not
    /// searched for placeholders.
    public func briefing(_ values: BriefingValues) -> String {
        let task = values.task.flatMap { $0.allSatisfy(\.isWhitespace) ? nil : $0.trimmingNewlines }
        let table = [
            "branch": values.branch, "worktree": values.worktree, "task": task ?? Self.defaultTask,
            "marker_help": Self.markerHelp,
        ]
        var text = ""
        var usesTask = false
        for piece in TemplateText.pieces(of: body) {
            switch piece {
            case .text(let words): text += words
            case .placeholder(let name, let written, _, _):
                text += table[name] ?? written
                usesTask = usesTask || name == "task"
            }
        }
        guard let task, !usesTask else { return text }
        return text.trimmingNewlines + "\n\n## Task\n\n\(task)\n"
    }
}

extension String {
    /// Without newlines at both ends.
    fileprivate var trimmingNewlines: String {
        let start = drop(while: \.isNewline)
        return String(start.reversed().drop(while: \.isNewline).reversed())
    }
}
