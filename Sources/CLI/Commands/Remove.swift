internal import ArgumentParser
internal import Core
internal import Fleet
internal import GitKit
internal import SystemPackage

struct Remove: AgentCommand {
    static let configuration = CommandConfiguration(
        commandName: "rm", abstract: "Remove agents, if nothing would be lost",
        discussion: """
            Refuses while there is uncommitted, untracked or unmerged work. With --force
            such work is kept as a commit under refs/tmux-agent/rescue/ first. What the
            agent printed is kept for a week.

              tmux-agent rm feature/x
              tmux-agent rm feature/x feature/y --keep-branch
              tmux-agent rm feature/x --force
            """)

    @OptionGroup var global: GlobalOptions
    @Argument(
        help: "The agent's branch, id or session (can be repeated)",
        completion: .shellCommand(Complete.agents))
    var agent: [String]
    @Flag(name: .long, help: "Keep the branch") var keepBranch = false
    @Flag(name: .long, help: "Remove it all the same; unfinished work goes to a rescue ref") var force = false

    func run(_ context: CommandContext) async throws {
        let fleet = try await FleetContext.open(context.surroundings)
        let remover = Remover(context: fleet)
        var view = RemovalsView(isOne: agent.count == 1)
        var failures: [any Error] = []
        for name in agent {
            do {
                view.results.append(
                    try await remover.remove(
                        RemovalRequest(name: name, keepsBranch: keepBranch, isForced: force)))
            } catch  where agent.count > 1 {
                failures.append(error)
            }
        }
        if !view.results.isEmpty || agent.count == 1 { context.console.render(view, json: context.json) }
        for error in failures { _ = context.console.render(error: error, json: context.json) }
        if !failures.isEmpty { throw ExitCode(ExitStatus.notAchieved.rawValue) }
    }
}

private struct RemovalsView: Renderable {
    var isOne: Bool
    var results: [RemovalResult] = []

    var json: JSONValue {
        if isOne, let only = results.first { return only.json }
        return ["removed": .array(results.map(\.json))]
    }

    func text(_ style: Style) -> String { results.map { $0.text(style) }.joined(separator: "\n") }
}

extension RemovalResult {
    fileprivate var json: JSONValue {
        var object: JSONObject = ["branch": .string(branch)]
        object.set("removed_worktree", removedWorktree?.string)
        object["deleted_branch"] = .bool(deletedBranch)
        object.set("ended_processes", endedProcesses)
        object.set("rescue_ref", rescues.first?.reference)
        object.set("rescue_commit", rescues.first?.commit.rawValue)
        object["rescue_refs"] = .array(rescues.map { .string($0.reference) })
        object["ignored"] = .array(ignored.map { .string($0) })
        object.set("left_folder", leftFolder?.string)
        object.set("log", log?.string)
        return .object(object)
    }

    fileprivate func text(_ style: Style) -> String {
        var lines = [
            "Removed agent '\(branch.visible)'"
                + (deletedBranch ? " and its branch." : keptBranch ? ", kept its branch." : ".")
        ]
        if let branchKept { lines.append("The branch was left: \(branchKept.visible)") }
        for rescue in rescues { lines.append("Its work is kept: git switch -c NAME \(rescue.reference)") }
        if let leftFolder {
            lines.append("Left alone, as git does not know it: \(leftFolder.string.visible)")
        }
        if !ignored.isEmpty {
            lines.append(
                style.dim(
                    "Ignored files that went with it: \(ignored.prefix(5).map(\.visible).joined(separator: ", "))"
                        + (ignored.count > 5 ? " and \(ignored.count - 5) more" : "")))
        }
        if let log { lines.append(style.dim("Its log is kept for a week: \(log.string.visible)")) }
        return lines.joined(separator: "\n")
    }
}
