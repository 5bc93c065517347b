internal import ArgumentParser
internal import Config
internal import Core
internal import Fleet
internal import Orchestrator
internal import ProcessKit
internal import SystemPackage

struct TasksAdd: AgentCommand {
    static let configuration = CommandConfiguration(
        commandName: "add", abstract: "Add a task",
        discussion: """
              tmux-agent tasks add feature/search --task "Search in titles" --after feature/index
            """)

    @OptionGroup var global: GlobalOptions
    @Argument(help: "Its branch") var branch: String
    @Option(name: .long, help: "What people call it") var title: String?
    @Option(name: .long, help: "What its agent is told") var task: String?
    @Option(name: .long, help: "A template") var template: String?
    @Option(name: .long, help: "A profile of fleet.toml") var agent: String?
    @Option(name: .long, help: "A branch whose task must be done before; may be given several times")
    var after: [String] = []
    @Option(name: .long, help: "The highest begins first") var priority = 0
    @Option(name: .long, help: "A stage that must be completed; may be given several times")
    var stage: [String] = []
    @Flag(name: .long, help: "It is done only when its branch is merged") var merged = false

    func run(_ context: CommandContext) async throws {
        let fleet = try await FleetContext.open(context.surroundings)
        let planned = PlannedTask(
            branch: branch, title: title, task: task, template: template, agent: agent, dependsOn: after,
            priority: priority, stages: stage, mustBeMerged: merged)
        try await TasksAddedView.add([planned], fleet, context)
    }
}

struct TasksImport: AgentCommand {
    static let configuration = CommandConfiguration(
        commandName: "import", abstract: "Add the tasks of a Markdown check list or a JSON file",
        discussion: """
            An open item of a check list is a task: '- [ ] branch: title'. Indented lines below
            say more: 'after: other/branch', 'priority: 2', 'stages: lint, test', and '> text'.
            A word in capitals before the colon is no branch.

              tmux-agent tasks import plan.md
              tmux-agent tasks import --dry-run plan.json
            """)

    @OptionGroup var global: GlobalOptions
    @Argument(help: "The file; '-' reads standard input", completion: .file()) var file: String
    @Flag(name: .long, help: "Only show what would be added") var dryRun = false

    func run(_ context: CommandContext) async throws {
        let text = try TaskText.read(file, context)
        let tasks = try TaskList.read(text, file: file)
        let fleet = try await FleetContext.open(context.surroundings)
        guard !dryRun else {
            try await TaskDesk(context: fleet).check(tasks)
            return context.console.render(TasksAddedView(tasks: tasks, isDryRun: true), json: context.json)
        }
        try await TasksAddedView.add(tasks, fleet, context)
    }
}

struct TasksDecompose: AgentCommand {
    static let configuration = CommandConfiguration(
        commandName: "decompose", abstract: "Make a list of tasks from a document of requirements",
        discussion: """
            Open check list items become tasks, and headings with text but no item. Edit the
            list, then import it; nothing is added by this command.

              tmux-agent tasks decompose requirements.md > plan.md
            """)

    @OptionGroup var global: GlobalOptions
    @Argument(help: "The document; '-' reads standard input", completion: .file()) var file: String

    func run(_ context: CommandContext) async throws {
        let tasks = TaskList.decompose(try TaskText.read(file, context))
        context.console.render(DecomposedView(tasks: tasks), json: context.json)
        if tasks.isEmpty {
            context.console.hint("The document has neither check lists nor headings with text")
        }
    }
}

private enum TaskText {
    static func read(_ file: String, _ context: CommandContext) throws -> String {
        guard file != "-" else { return try StandardInput.read() }
        let path = context.surroundings.workingDirectory.pushing(FilePath(file))
        let bytes = try ConfigurationFile.bytes(at: path, shownAs: file)
        return String(decoding: bytes, as: UTF8.self)
    }
}

private struct DecomposedView: Renderable {
    var tasks: [PlannedTask]

    var json: JSONValue { ["tasks": .array(tasks.map(TasksAddedView.json))] }
    func text(_ style: Style) -> String { String(TaskList.text(tasks).dropLast()) }
}

private struct TasksAddedView: Renderable {
    var tasks: [PlannedTask]
    var isDryRun = false

    static func add(_ tasks: [PlannedTask], _ fleet: FleetContext, _ context: CommandContext) async throws {
        let desk = TaskDesk(context: fleet)
        try await desk.add(tasks)
        context.console.render(TasksAddedView(tasks: tasks), json: context.json)
        if try !fleet.isOrchestrated() { context.console.hint("Nobody runs them yet: tmux-agent up") }
    }

    var json: JSONValue { ["added": .bool(!isDryRun), "tasks": .array(tasks.map(Self.json))] }

    static func json(_ task: PlannedTask) -> JSONValue {
        var object: JSONObject = ["branch": .string(task.branch), "title": .string(task.title)]
        object.set("task", task.task)
        object.set("template", task.template)
        object.set("agent", task.agent)
        object.set("priority", task.priority)
        object["depends_on"] = .array(task.dependsOn.map { .string($0) })
        object["stages"] = .array(task.stages.map { .string($0) })
        object["tags"] = .array(task.tags.map { .string($0) })
        object["merged"] = .bool(task.mustBeMerged)
        return .object(object)
    }

    func text(_ style: Style) -> String {
        tasks.map { task in
            let after =
                task.dependsOn.isEmpty
                ? "" : "  after \(task.dependsOn.map(\.visible).joined(separator: ", "))"
            return "\(isDryRun ? "Would add" : "Added") \(style.agentName(task.branch.visible))\(after)"
        }.joined(separator: "\n")
    }
}
