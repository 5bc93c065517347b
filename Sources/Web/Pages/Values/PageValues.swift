internal import Core
internal import Fleet
internal import Store

/// A board as the values that templates ask for.
struct PageValues {
    let board: Board
    let words: PageWords
    /// Lists hold their rows; else an empty element for each.
    let isWhole: Bool

    init(_ board: Board, _ words: PageWords, isWhole: Bool) {
        self.board = board
        self.words = words
        self.isWhole = isWhole
    }

    /// What every page has.
    static func common(_ words: PageWords) -> [String: Any] {
        [
            "t": words.texts.all(words.language), "lang": words.language == .chinese ? "zh-CN" : "en",
            "languages": [
                ["code": "en", "name": "EN", "chosen": "\(words.language == .english)"],
                ["code": "zh", "name": "中文", "chosen": "\(words.language == .chinese)"],
            ],
        ]
    }

    /// The values of a whole page, which shows what is seen at first: lists of other views come with the first event.
    func page(_ viewer: Viewer) -> [String: Any] {
        var values = fleet()
        values.merge(notifications()) { _, new in new }
        values["mayChange"] = viewer.mayChange
        values["kinds"] = JournalWords.groups.map { ["value": $0, "title": words["kind_\($0)"]] }
        values["legend"] = Self.legend.map { ["kind": $0.kind, "word": words[$0.word]] }
        values["keys"] = Self.keys.map {
            ["value": $0.key, "label": $0.label, "title": words[$0.word]]
        }
        values["shortcuts"] = Self.shortcuts.map {
            ["keys": $0.keys, "text": words[$0.word]] as [String: Any]
        }
        values["scriptTexts"] = Self.scriptTexts.map {
            ["name": $0.replacing("_", with: "-"), "text": words[$0]]
        }
        return values
    }

    /// What stands above everything else.
    func top(_ viewer: Viewer) -> [String: Any] {
        var values = header()
        values["mayChange"] = viewer.mayChange
        values["views"] = Self.views.enumerated().map { index, name -> [String: Any] in
            [
                "id": name, "title": words["view_\(name)"], "first": index == 0,
                "badge": name == "fleet" || name == "notices",
            ]
        }
        return values
    }

    /// The values of all lists.
    func lists() -> [String: Any] {
        var values = fleet()
        values["runs"] = runs()
        values["noRuns"] = board.runs.isEmpty
        values["journal"] = journal()
        values["noJournal"] = board.journal.isEmpty
        values["moreJournal"] = board.journal.count >= BoardReader.journalRows
        values["tasks"] = tasks()
        values["noTasks"] = board.tasks.isEmpty
        values["tasksRest"] = tasksRest
        values["beat"] = board.orchestratorBeat.map { PageWords.time($0, form: "age") }
        values["graph"] = taskGraph()
        values.merge(notifications()) { _, new in new }
        values.merge(policy()) { _, new in new }
        return values
    }

    private func notifications() -> [String: Any] {
        [
            "notices": notices(), "noNotices": board.notices.isEmpty, "noticeCount": board.notices.count,
        ]
    }

    private func header() -> [String: Any] {
        var values = Self.common(words)
        values["fleet"] = board.fleet.visible
        values["counts"] = counts()
        values["hasApprovals"] = !board.approvals.isEmpty
        values["approvalWords"] = words.filled(
            board.approvals.count == 1 ? "asks_one" : "asks_many", ["count": "\(board.approvals.count)"])
        return values
    }

    /// Header, agents and questions.
    private func fleet() -> [String: Any] {
        var values = header()
        values["whole"] = isWhole
        values["hasSummaries"] = board.hasSummaries
        values["warnings"] = warnings()
        let agents = agents() + watchedPanes()
        values["agents"] = agents
        values["noAgents"] = agents.isEmpty
        values["approvals"] = board.approvals.map { Self.question($0, words) }
        values["approvalCount"] = board.approvals.count
        return values
    }

    static let views = ["fleet", "timeline", "journal", "tasks", "policy", "notices"]

    static let legend: [(kind: String, word: String)] = [
        ("waiting_trigger", "stage_waiting_trigger"), ("waiting_approval", "stage_waiting_approval"),
        ("running", "stage_running"), ("completed", "stage_completed"), ("failed", "stage_failed"),
    ]

    static let keys: [(key: String, label: String, word: String)] = [
        ("Enter", "⏎", "key_enter"), ("C-c", "^C", "key_interrupt"),
        ("Escape", "Esc", "key_escape"), ("Up", "↑", "key_up"), ("Down", "↓", "key_down"),
        ("Left", "←", "key_left"), ("Right", "→", "key_right"), ("Tab", "Tab", "key_tab"),
    ]

    static let shortcuts: [(keys: [String], word: String)] = [
        (["j", "k"], "short_move"), (["Enter"], "short_open"), (["n"], "short_question"),
        (["a"], "short_approve"), (["r"], "short_reject"), (["i"], "short_send"), (["f"], "short_follow"),
        (["p"], "short_pin"), (["/"], "short_search"), (["1", "…", "6"], "short_views"),
        (["Esc"], "short_back"), (["?"], "short_help"),
    ]

    /// Sentences that the modules say.
    static let scriptTexts = [
        "live", "offline", "sent", "sending", "kept", "kept_login", "conflict", "refused", "log_in_first",
        "login_wrong", "was_answered", "approved_now", "rejected_now", "enter_rejects", "asks_nothing",
        "now_waiting", "new_question", "found", "rows_found", "rows_found_more", "summing_up", "cost", "just_now", "removed",
    ]

    private func counts() -> [[String: Any]] {
        let counts = board.counts
        let order: [AgentState] = [.waiting, .working, .starting, .idle, .exited, .gone, .unknown]
        return order.compactMap { state in
            guard let count = counts[state] ?? (state == .waiting || state == .working ? 0 : nil) else {
                return nil
            }
            return [
                "state": state.rawValue, "count": count, "word": words.state(state),
                "glyph": PageWords.glyph(state),
            ]
        }
    }

    private func warnings() -> [[String: Any]] {
        var warnings: [[String: Any]] = []
        if !board.isTrusted {
            warnings.append(["text": words["not_trusted"], "command": "tmux-agent trust"])
        }
        if !board.isWatched {
            warnings.append(["text": words["not_watched"], "command": board.watchCommand])
        }
        if let problem = board.policy.problem {
            warnings.append(["text": "\(words["policy_broken"]) \(problem.visible)"])
        }
        return warnings
    }
}
