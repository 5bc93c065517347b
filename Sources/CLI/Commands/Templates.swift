internal import ArgumentParser
internal import Config
internal import Core
internal import Fleet

struct Templates: AgentCommand {
    static let configuration = CommandConfiguration(
        commandName: "templates",
        abstract: "List the templates that brief agents",
        discussion: """
              tmux-agent templates
              tmux-agent templates show qa-template
            """,
        subcommands: [TemplatesShow.self])

    @OptionGroup var global: GlobalOptions

    func run(_ context: CommandContext) async throws {
        let library = try await TemplatesView.library(context)
        context.console.render(TemplatesView(templates: library.templates), json: context.json)
        for warning in library.warnings { context.console.warning(warning.rendered) }
        for failure in library.failures { context.console.warning(failure.error.message) }
    }
}

struct TemplatesShow: AgentCommand {
    static let configuration = CommandConfiguration(
        commandName: "show", abstract: "Print one template",
        discussion: "  tmux-agent templates show implementation")

    @OptionGroup var global: GlobalOptions
    @Argument(help: "The template's name") var name: String

    func run(_ context: CommandContext) async throws {
        let template = try await TemplatesView.library(context).template(named: name)
        context.console.render(TemplateView(template: template), json: context.json)
    }
}

struct TemplatesView: Renderable {
    var templates: [Template]

    /// The fleet's templates, or the built-in ones outside a fleet.
    static func library(_ context: CommandContext) async throws -> TemplateLibrary {
        do {
            return try await FleetContext.open(context.surroundings).templates()
        } catch FleetError.notAFleet {
            return .builtIn
        }
    }

    var json: JSONValue { ["templates": .array(templates.map { TemplateView(template: $0).json })] }

    func text(_ style: Style) -> String {
        var table = Table(header: ["TEMPLATE", "FROM", "DESCRIPTION"])
        table.rows = templates.map {
            [.init($0.name, style: style.agentName), .init($0.source.description), .init($0.summary)]
        }
        return table.text(style, limit: 100)
    }
}

struct TemplateView: Renderable {
    var template: Template

    var json: JSONValue {
        var object: JSONObject = ["name": .string(template.name), "description": .string(template.summary)]
        object.set("source", template.source.description)
        object.set("agent", template.agent)
        object.set("model", template.model)
        object["setup"] = .array(template.setup.map { .string($0) })
        object["body"] = .string(template.body)
        return .object(object)
    }

    func text(_ style: Style) -> String {
        var head = [style.heading(template.name.visible), template.summary.visible]
        head.append(style.dim("from \(template.source.description.visible)"))
        return head.joined(separator: "\n") + "\n\n" + template.body.visible(keepingNewlines: true)
    }
}
