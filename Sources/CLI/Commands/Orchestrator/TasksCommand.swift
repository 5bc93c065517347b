internal import ArgumentParser

struct TasksCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "tasks", abstract: "See and change the tasks that the orchestrator runs",
        discussion:
            "The plan stands in .tmuxagent/orchestrator.toml; 'tmux-agent up' or 'orchestrate' runs it.",
        subcommands: [
            TasksList.self, TasksGraph.self, TasksAdd.self, TasksImport.self, TasksDecompose.self,
            TasksRemove.self, TasksCommands.self, TasksHold.self, TasksRelease.self, TasksCancel.self,
            TasksRetry.self,
        ], defaultSubcommand: TasksList.self)
}
