public import Core

/// Lists of tasks that people write: Markdown check lists, and JSON with the keys of `[[tasks]]`.
public enum TaskList {
    /// Reads a file of tasks; JSON begins with `{` or `[`, everything else is Markdown.
    ///
    /// Throws ``ConfigurationError`` with every problem. Whether dependencies exist is not asked here: they may be there
    /// already.
    public static func read(_ text: String, file: String) throws(ConfigurationError) -> [PlannedTask] {
        let problems = ProblemList()
        let first = text.first { !$0.isWhitespace }
        let tasks: [PlannedTask]
        if first == "{" || first == "[" {
            // JSON is YAML, whose reader knows places.
            let root = try YAMLReader.read(bytes: Array(text.utf8), file: file)
            tasks = TaskDecoder(problems: problems).listed(root)
        } else {
            tasks = MarkdownTasks(file: file, problems: problems).read(text)
        }
        if tasks.isEmpty, !problems.hasErrors {
            problems.error(
                "there is no task", at: SourcePosition(file: file, line: 1, column: 1),
                suggestion: "Write a line '- [ ] branch: what is to be done' for each")
        }
        try problems.throwErrors(of: file)
        return tasks
    }

    /// The Markdown that ``read(_:file:)`` reads back.
    public static func text(_ tasks: [PlannedTask]) -> String {
        tasks.map { task in
            var lines = ["- [ ] \(task.branch): \(task.title)"]
            func add(_ key: String, _ value: String?) {
                guard let value, !value.isEmpty else { return }
                lines.append("  \(key): \(value)")
            }
            add("after", task.dependsOn.joined(separator: ", "))
            add("priority", task.priority == 0 ? nil : String(task.priority))
            add("template", task.template)
            add("agent", task.agent)
            add("responsible", task.responsible)
            add("stages", task.stages.joined(separator: ", "))
            add("tags", task.tags.joined(separator: ", "))
            add("merged", task.mustBeMerged ? "true" : nil)
            for line in (task.task ?? "").split(separator: "\n", omittingEmptySubsequences: false) {
                lines.append(line.isEmpty ? "" : "  > \(line)")
            }
            while lines.last?.isEmpty == true { lines.removeLast() }
            return lines.joined(separator: "\n") + "\n"
        }.joined(separator: "\n")
    }

    /// A list of tasks from a document of requirements, for a person to edit: every open item of a check list is one, and
    /// every heading with text but no such item.
    public static func decompose(_ document: String) -> [PlannedTask] {
        var reader = RequirementReader()
        for line in document.split(separator: "\n", omittingEmptySubsequences: false) { reader.take(line) }
        return reader.finish()
    }
}

/// Reads a Markdown check list of tasks.
private struct MarkdownTasks {
    let file: String
    let problems: ProblemList

    func read(_ text: String) -> [PlannedTask] {
        var tasks: [PlannedTask] = []
        var lines: [Int] = []
        var isOpen = false
        for (number, line) in text.split(separator: "\n", omittingEmptySubsequences: false).enumerated() {
            let position = SourcePosition(file: file, line: number + 1, column: 1)
            if let item = ChecklistItem(line), item.indentation == 0 {
                isOpen = !item.isDone
                guard isOpen, let task = task(item.text, at: position) else { continue }
                tasks.append(task)
                lines.append(number + 1)
            } else if line.first?.isWhitespace == true, isOpen, !tasks.isEmpty {
                detail(line.bare, of: &tasks[tasks.count - 1], at: position)
            } else if !line.allSatisfy(\.isWhitespace) {
                // Headings and prose between the items are for people.
                isOpen = false
            }
        }
        var seen: [String: Int] = [:]
        for (task, line) in zip(tasks, lines) {
            if let first = seen.updateValue(line, forKey: task.branch) {
                problems.error(
                    "'\(ConfigurationProblem.visible(task.branch))' stands in line \(first) already",
                    at: SourcePosition(file: file, line: line, column: 1),
                    suggestion: "Give one of the tasks another branch")
            }
        }
        return tasks
    }

    private func task(_ text: String, at position: SourcePosition) -> PlannedTask? {
        let parts = text.split(separator: ":", maxSplits: 1)
        let first = parts.first.map { String($0.bare) } ?? ""
        if parts.count == 2, !first.contains(" "), !isRemark(first) {
            do throws(BranchNameError) {
                _ = try BranchName(first)
            } catch {
                problems.error(error, at: position)
                return nil
            }
            return PlannedTask(branch: first, title: String(parts[1].bare))
        }
        return PlannedTask(branch: RequirementReader.branch(for: text), title: text)
    }

    /// Words in capitals stand before a colon for people.
    private func isRemark(_ word: String) -> Bool { word.count > 1 && word.allSatisfy(\.isUppercase) }

    private static let keys = [
        "after", "depends_on", "priority", "template", "agent", "responsible", "stages", "tags", "merged",
    ]

    private func detail(_ line: Substring, of task: inout PlannedTask, at position: SourcePosition) {
        if line.hasPrefix(">") {
            let words = String(line.dropFirst().bare)
            task.task = task.task.map { $0 + "\n" + words } ?? words
            return
        }
        let parts = line.split(separator: ":", maxSplits: 1)
        guard parts.count == 2, let key = parts.first.map({ String($0.bare) }), !key.contains(" ") else {
            guard !line.isEmpty else { return }
            task.task = task.task.map { $0 + "\n" + line } ?? String(line)
            return
        }
        let value = String(parts[1].bare)
        let list = value.split(separator: ",").map { String($0.bare) }.filter { !$0.isEmpty }
        switch key {
        case "after", "depends_on": task.dependsOn += list
        case "priority":
            guard let number = Int(value) else {
                return problems.error(
                    "'priority' takes a whole number", at: position,
                    suggestion: "Write for example 'priority: 10'")
            }
            task.priority = number
        case "template": task.template = value
        case "agent": task.agent = value
        case "responsible": task.responsible = value
        case "stages": task.stages = list
        case "tags": task.tags = list
        case "merged": task.mustBeMerged = value == "true"
        default:
            let near = didYouMean(key, among: Self.keys)
            problems.error(
                "unknown key '\(ConfigurationProblem.visible(key))'", at: position,
                suggestion: near.map { "Did you mean '\($0)'?" }
                    ?? "Begin a line of the task's text with '> '")
        }
    }
}

/// `- [ ] text` or `* [x] text`.
private struct ChecklistItem {
    var indentation: Int
    var isDone: Bool
    var text: String

    init?(_ line: Substring) {
        indentation = line.prefix { $0 == " " || $0 == "\t" }.count
        let rest = line.dropFirst(indentation)
        guard let mark = rest.first, "-*+".contains(mark) else { return nil }
        let box = rest.dropFirst().drop { $0 == " " }
        guard box.hasPrefix("[ ]") || box.lowercased().hasPrefix("[x]") else { return nil }
        isDone = !box.hasPrefix("[ ]")
        text = String(box.dropFirst(3).bare)
        guard !text.isEmpty else { return nil }
    }
}

/// An open code fence of Markdown: three or more backticks or tildes, until as many of the same stand alone.
private struct Fence {
    private let mark: Character
    private let count: Int

    /// Nil when the line begins none.
    init?(_ line: Substring) {
        let text = line.bare
        guard let mark = text.first, "`~".contains(mark) else { return nil }
        count = text.prefix { $0 == mark }.count
        guard count >= 3 else { return nil }
        self.mark = mark
        // A line such as ```code``` is text.
        guard mark == "~" || !text.dropFirst(count).contains("`") else { return nil }
    }

    func isEnd(_ line: Substring) -> Bool {
        let text = line.bare
        return text.count >= count && text.allSatisfy { $0 == mark }
    }
}

/// Makes tasks of a document's headings and check lists; what stands in code fences is text.
private struct RequirementReader {
    private var tasks: [PlannedTask] = []
    private var headings: [(level: Int, title: String)] = []
    private var body: [Substring] = []
    private var hasItems = false
    /// The item that stands last, which may be done.
    private var hasOpenItem = false
    private var fence: Fence?
    private var branches: Set<String> = []

    mutating func take(_ line: Substring) {
        if let open = fence {
            if open.isEnd(line) { fence = nil }
            return addText(line)
        }
        fence = Fence(line)
        guard fence == nil else { return addText(line) }
        let level = line.prefix { $0 == "#" }.count
        if (1...6).contains(level), line.dropFirst(level).first == " " {
            close()
            headings.removeAll { $0.level >= level }
            headings.append((level, String(line.dropFirst(level).bare)))
        } else if let item = ChecklistItem(line), item.indentation < 2 {
            hasItems = true
            hasOpenItem = !item.isDone
            if !item.isDone { add(item.text, text: nil, tags: headings.map(\.title)) }
        } else if hasItems, line.first?.isWhitespace == true, !line.bare.isEmpty {
            addToItem(line.bare)
        } else {
            body.append(line)
        }
    }

    /// A line of a fenced block: of the item before it, else of its section.
    private mutating func addText(_ line: Substring) {
        guard hasItems else { return body.append(line) }
        addToItem(line)
    }

    private mutating func addToItem(_ line: Substring) {
        guard hasOpenItem, !tasks.isEmpty else { return }
        let former = tasks[tasks.count - 1].task
        tasks[tasks.count - 1].task = [former, String(line)].compactMap(\.self).joined(separator: "\n")
    }

    mutating func finish() -> [PlannedTask] {
        close()
        return tasks
    }

    /// The section is over: without items of its own it is a task itself.
    private mutating func close() {
        let text = body.joined(separator: "\n").bare
        if !hasItems, let heading = headings.last, !text.isEmpty {
            add(heading.title, text: String(text), tags: headings.dropLast().map(\.title))
        }
        body = []
        hasItems = false
        hasOpenItem = false
    }

    private mutating func add(_ title: String, text: String?, tags: [String]) {
        var branch = Self.branch(for: title)
        var number = 2
        while !branches.insert(branch).inserted {
            branch = Self.branch(for: title) + "-\(number)"
            number += 1
        }
        var task = PlannedTask(branch: branch, title: title)
        task.task = text
        // The document's own title says nothing about one task of it.
        task.tags = tags.dropFirst().map { $0.filter { $0 != "," } }
        tasks.append(task)
    }

    static func branch(for title: String) -> String {
        let words = title.lowercased().split { !$0.isLetter && !$0.isNumber }.prefix(6)
        let name = words.joined(separator: "-").prefix(60)
        return "task/" + (name.isEmpty ? "untitled" : name)
    }
}

extension StringProtocol where SubSequence == Substring {
    /// Without white space at both ends.
    fileprivate var bare: Substring {
        guard let first = firstIndex(where: { !$0.isWhitespace }),
            let last = lastIndex(where: { !$0.isWhitespace })
        else { return self[endIndex...] }
        return self[first...last]
    }
}
