internal import ArgumentParser
internal import Core
internal import Fleet
internal import GitKit
internal import SystemPackage

struct Remove: AgentCommand {
    static let configuration = CommandConfiguration(
        commandName: "rm", abstract: "Remove an agent, if nothing would be lost",
        discussion: """
            Refuses while there is uncommitted, untracked or unmerged work. With --force
            such work is kept as a commit under refs/tmux-agent/rescue/ first.

              tmux-agent rm feature/x
              tmux-agent rm feature/x --keep-branch
              tmux-agent rm feature/x --force
            """)

    @OptionGroup var global: GlobalOptions
    @Argument(help: "The agent's branch, id or session") var agent: String
    @Flag(name: .long, help: "Keep the branch") var keepBranch = false
    @Flag(name: .long, help: "Remove it all the same; unfinished work goes to a rescue ref") var force = false

    func run(_ context: CommandContext) async throws {
        let fleet = try await FleetContext.open(context.surroundings)
        let result = try await Remover(context: fleet)
            .remove(RemovalRequest(name: agent, keepsBranch: keepBranch, isForced: force))
        context.console.render(RemovalView(result: result), json: context.json)
    }
}

private struct RemovalView: Renderable {
    var result: RemovalResult

    var json: JSONValue {
        var object: JSONObject = ["branch": .string(result.branch)]
        object.set("removed_worktree", result.removedWorktree?.string)
        object["deleted_branch"] = .bool(result.deletedBranch)
        object.set("ended_processes", result.endedProcesses)
        object.set("rescue_ref", result.rescue?.reference)
        object.set("rescue_commit", result.rescue?.commit.rawValue)
        object["ignored"] = .array((result.rescue?.ignoredNotKept ?? result.ignored).map { .string($0) })
        return .object(object)
    }

    func text(_ style: Style) -> String {
        var lines = [
            "Removed agent '\(result.branch.visible)'\(result.deletedBranch ? " and its branch" : ", kept its branch")."
        ]
        if let rescue = result.rescue {
            lines.append("Its work is kept: git switch -c NAME \(rescue.reference)")
        }
        let ignored = result.rescue?.ignoredNotKept ?? result.ignored
        if !ignored.isEmpty {
            lines.append(
                style.dim(
                    "Ignored files that went with it: \(ignored.prefix(5).map(\.visible).joined(separator: ", "))"
                        + (ignored.count > 5 ? " and \(ignored.count - 5) more" : "")))
        }
        return lines.joined(separator: "\n")
    }
}
