internal import ArgumentParser
internal import Config
internal import Core
internal import Fleet
internal import ProcessKit
internal import SystemPackage
internal import Watch

struct Inspect: AgentCommand {
    static let configuration = CommandConfiguration(
        commandName: "inspect",
        abstract: "Read a recorded tap exactly as the watcher does",
        discussion: """
            A resize takes effect before the byte at its offset; --until stops after so
            many bytes and before a resize there.

              tmux-agent inspect pane.tap --size 200x50 --kind claude
              tmux-agent inspect pane.tap --size 100x30 --resize 4096:80x24 --until 9000
              tmux-agent inspect pane.tap --size 100x30 --kind codex --explain
            """)

    @OptionGroup var global: GlobalOptions
    @Argument(help: "The recorded tap") var file: String
    @Option(name: .long, help: ArgumentHelp("The pane's size at the start", valueName: "COLSxROWS")) var size:
        String
    @Option(
        name: .long, help: ArgumentHelp("A change of size (can be repeated)", valueName: "OFFSET:COLSxROWS"))
    var resize: [String] = []
    @Option(name: .long, help: ArgumentHelp("Stop after so many bytes", valueName: "OFFSET")) var until: Int?
    @Option(
        name: .long,
        help: ArgumentHelp(
            "Whose manners the pane has: claude, codex, aider, gemini, opencode, shell", valueName: "kind"))
    var kind: String?
    @Flag(name: .long, help: "Show every rule that was tried, and what it found on which rows") var explain =
        false

    func validate() throws {
        if explain, kind == nil {
            throw ValidationError("--explain needs --kind, for rules belong to a kind")
        }
    }

    func run(_ context: CommandContext) async throws {
        guard let size = TerminalSize(size) else {
            throw ValidationError("--size must be COLSxROWS, such as 200x50")
        }
        let path = context.surroundings.workingDirectory.pushing(FilePath(file))
        guard let bytes = try Files.read(path, limit: 1 << 30) else {
            throw FleetError.fileUnreadable(path, reason: "there is no such file")
        }
        let rules = try await rules(context)
        let inspection = TapInspection(
            tap: bytes, size: size, resizes: try resizes(), until: until, kind: kind.map { AgentKind($0) },
            rules: rules)
        let explanation = explain ? rules.map { ScreenExplanation(inspection.view, rules: $0) } : nil
        context.console.render(
            InspectView(inspection: inspection, explanation: explanation), json: context.json)
    }

    private func resizes() throws -> [TapInspection.Resize] {
        try resize.map { text in
            let parts = text.split(separator: ":", maxSplits: 1)
            guard parts.count == 2, let offset = Int(parts[0]), offset >= 0, let size = TerminalSize(parts[1])
            else {
                throw ValidationError("--resize must be OFFSET:COLSxROWS, such as 4096:80x24, not '\(text)'")
            }
            return TapInspection.Resize(offset: offset, size: size)
        }
    }

    private func rules(_ context: CommandContext) async throws -> DetectionRules? {
        guard let kind else { return nil }
        return try DetectionView.rules(of: kind, in: try await DetectionView.library(context))
    }
}

private struct InspectView: Renderable {
    var inspection: TapInspection
    var explanation: ScreenExplanation?

    var json: JSONValue {
        guard let explanation, var object = inspection.json.object else { return inspection.json }
        object["explanation"] = explanation.json
        return .object(object)
    }

    func text(_ style: Style) -> String {
        var lines = [
            style.dim(
                "\(inspection.size), \(inspection.bytes) bytes\(inspection.isAlternate ? ", alternate screen" : ""), title '\(inspection.title.visible)'"
            )
        ]
        lines += inspection.screen.map(\.visible)
        lines.append("")
        for found in inspection.markers {
            let text = JSONValue.object(found.marker.payload.object).serialized()
            lines.append(
                "marker at \(found.offset): \(text.visible)\(found.marker.repaired ? " (repaired)" : "")")
        }
        if inspection.broken > 0 { lines.append(style.warning("\(inspection.broken) broken markers")) }
        let detection = inspection.detection
        lines.append("state \(style.of(detection.state)(detection.state.rawValue))")
        if let explanation {
            lines += explanation.lines.map { "  \($0.visible)" }
        } else if let kind = inspection.kind {
            lines += detection.why.map { "  \($0.described(kind: kind).visible)" }
        }
        return lines.joined(separator: "\n")
    }
}
