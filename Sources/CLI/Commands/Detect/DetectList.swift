internal import ArgumentParser
internal import Config
internal import Core

struct DetectList: AgentCommand {
    static let configuration = CommandConfiguration(
        commandName: "list", abstract: "List the kinds of agents whose screens are read",
        discussion: "  tmux-agent detect list")

    @OptionGroup var global: GlobalOptions

    func run(_ context: CommandContext) async throws {
        let library = try await DetectionView.library(context)
        context.console.render(DetectListView(library: library), json: context.json)
    }
}

private struct DetectListView: Renderable {
    var library: DetectionLibrary

    var json: JSONValue { ["kinds": .array(library.rules.map { $0.json(in: library) })] }

    func text(_ style: Style) -> String {
        var table = Table(header: ["KIND", "RULES", "DIALOGS", "FILES", "SEEN ON"])
        for rules in library.rules {
            let files = rules.files(in: library)
            table.rows.append([
                .init(rules.kind.rawValue), .init("\(rules.rules.count)"), .init("\(rules.dialogs.count)"),
                .init(files.isEmpty ? "built in" : files.joined(separator: ", ")), .init(rules.seenOn),
            ])
        }
        return table.text(style)
    }
}

struct DetectShow: AgentCommand {
    static let configuration = CommandConfiguration(
        commandName: "show", abstract: "Show the rules of one kind in the order in which they decide",
        discussion: """
            Below the rules stand the dialogs, as the policy's 'dialogs:' call them. A file
            .tmuxagent/detect/NAME.yaml of the fleet replaces rules by name and adds others.

              tmux-agent detect show claude
            """)

    @OptionGroup var global: GlobalOptions
    @Argument(help: "The kind, such as claude") var kind: String

    func run(_ context: CommandContext) async throws {
        let library = try await DetectionView.library(context)
        let rules = try DetectionView.rules(of: kind, in: library)
        context.console.render(DetectShowView(rules: rules, library: library), json: context.json)
    }
}

private struct DetectShowView: Renderable {
    var rules: DetectionRules
    var library: DetectionLibrary

    var json: JSONValue { rules.json(in: library) }

    func text(_ style: Style) -> String {
        var table = Table(header: ["RULE", "STATE", "PRIORITY", "FROM"])
        for rule in rules.ordered {
            let state = rule.state.rawValue + (rule.waitingFor.map { " (\($0.rawValue))" } ?? "")
            table.rows.append([
                .init(rule.name), .init(state), .init("\(rule.priority)"),
                .init(library.origin(of: rule.name, kind: rules.kind) ?? "built in"),
            ])
        }
        var lines = [style.dim("\(rules.kind), seen on \(rules.seenOn.visible)"), table.text(style)]
        if !rules.dialogs.isEmpty {
            var dialogs = Table(header: ["DIALOG", "WAITS FOR", "FROM"])
            for dialog in rules.dialogs {
                dialogs.rows.append([
                    .init(rules.dialogID(dialog.name)), .init(dialog.waitingFor.rawValue),
                    .init(library.origin(of: dialog.name, kind: rules.kind) ?? "built in"),
                ])
            }
            lines += ["", dialogs.text(style)]
        }
        return lines.joined(separator: "\n")
    }
}

extension DetectionRules {
    fileprivate func files(in library: DetectionLibrary) -> [String] {
        let names = rules.map(\.name) + dialogs.map(\.name)
        return Array(Set(names.compactMap { library.origin(of: $0, kind: kind) })).sorted()
    }

    fileprivate func json(in library: DetectionLibrary) -> JSONValue {
        [
            "kind": .string(kind.rawValue), "seen_on": .string(seenOn),
            "programs": .array(programs.map { .string($0) }),
            "rules": .array(
                ordered.map { rule in
                    var object: JSONObject = [
                        "name": .string(rule.name), "state": .string(rule.state.rawValue),
                        "priority": .integer(Int64(rule.priority)),
                    ]
                    object.set("waiting_for", rule.waitingFor?.rawValue)
                    object.set("file", library.origin(of: rule.name, kind: kind))
                    return .object(object)
                }),
            "dialogs": .array(
                dialogs.map { dialog in
                    var object: JSONObject = [
                        "rule": .string(dialogID(dialog.name)),
                        "waiting_for": .string(dialog.waitingFor.rawValue),
                    ]
                    object.set("file", library.origin(of: dialog.name, kind: kind))
                    return .object(object)
                }),
        ]
    }
}
